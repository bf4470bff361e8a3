/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * page.js - draws the flame graph. flame.c says what the data are.
 *
 *     data ──► totals (by measure) ──► frames (made when they are seen) ──► rects (those of a pixel or more) ──► canvas
 *
 * What is shown is a function of the state, and the state is the part of the address behind "#": what a link shows can be
 * sent to somebody, and the browser's own "back" goes back.
 */
"use strict";
(() => {
const $ = id => document.getElementById(id);
const D = JSON.parse($("data").textContent);
const N = D.parents.length;
const ROW = 19, LEAST = 1, TEXT_LEAST = 26, FONT = '12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
const MEASURES = [
	{key: "time", name: "time", unit: "ns", title: "time in calls, all threads added up"},
	{key: "calls", name: "calls", unit: "", title: "those of a function, and all that it made"},
	{key: "bytes", name: "bytes", unit: "B", title: "bytes allocated of the heap"},
	{key: "allocs", name: "allocations", unit: "", title: "blocks allocated of the heap"},
	{key: "blocked", name: "blocked", unit: "ns", title: "time in calls that may block, without waits for work"},
	{key: "idle", name: "waits for work", unit: "ns", title: "time in waits for work: accept, poll, sleep, conditions ..."},
	{key: "lock", name: "lock waits", unit: "ns", title: "time waited for locks"},
].filter(m => D.own[m.key] || (D.before && D.before[m.key]));
if (!MEASURES.length)
	MEASURES.push({key: "time", name: "time", unit: "ns", title: "time"});
const isNone = new Set(D.none);

/* ---- sums ---- */

const parents = new Int32Array(N);
for (let i = 0; i < N; i++)
	parents[i] = i - D.parents[i];
const functions = Int32Array.from(D.functions);
const flags = new Map(D.flags.i.map((node, i) => [node, D.flags.v[i]]));

function dense(values) {
	const all = new Float64Array(N);
	if (Array.isArray(values))
		all.set(values);
	else if (values)
		values.i.forEach((node, i) => { all[node] = values.v[i]; });
	return all;
}

function addUp(own) {
	const totals = own.slice();
	for (let i = N - 1; i > 0; i--)
		totals[parents[i]] += totals[i];
	return totals;
}

const sumsOf = {};
function sums(key) {
	if (!sumsOf[key]) {
		const s = sumsOf[key] = {own: dense(D.own[key])};
		s.total = addUp(s.own);
		if (D.before) {
			s.ownBefore = dense(D.before[key]);
			s.totalBefore = addUp(s.ownBefore);
		}
	}
	return sumsOf[key];
}

/* Callees by node, as one array and where each node's begin in it. */
const starts = new Int32Array(N + 1), callees = new Int32Array(N);
for (let i = 1; i < N; i++)
	starts[parents[i] + 1]++;
for (let i = 0; i < N; i++)
	starts[i + 1] += starts[i];
for (let i = 1, next = starts.slice(); i < N; i++)
	callees[next[parents[i]]++] = i;

/* ---- numbers and names ---- */

function three(value, unit) {
	const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
	return value.toFixed(digits) + " " + unit;
}
function scaled(value, steps) {
	const size = Math.abs(value);
	let i = 0;
	while (i + 1 < steps.length && size >= steps[i + 1][0] * 0.9995)
		i++;
	return steps[i][0] === 1 ? Math.round(value).toLocaleString("en") + " " + steps[i][1] : three(value / steps[i][0], steps[i][1]);
}
const NS = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"], [3.6e12, "h"], [8.64e13, "d"]];
const BYTES = [[1, "bytes"], [1024, "KiB"], [2 ** 20, "MiB"], [2 ** 30, "GiB"], [2 ** 40, "TiB"]];
function figure(value, unit) {
	return unit === "ns" ? scaled(value, NS) : unit === "B" ? scaled(value, BYTES) : Math.round(value).toLocaleString("en");
}
function share(part, whole) {
	if (!(whole > 0))
		return "-";
	const percent = 100 * part / whole;
	return part > 0 && percent < 0.05 ? "<0.1%" : percent.toFixed(1) + "%";
}
function place(f) {
	const file = D.fileNames[D.files[f]];
	return !file ? "" : D.lines[f] ? file + ":" + D.lines[f] : file;
}
const baseName = path => path.slice(path.lastIndexOf("/") + 1);

/* ---- state ---- */

const state = {m: MEASURES[0].key, view: "icicle", inv: D.inverted, order: "size", colour: D.before ? "change" : "function", wide: "new", q: "", re: 0, z: "", t: ""};
const plain = {...state};
function readState() {
	const asked = new URLSearchParams(location.hash.slice(1));
	for (const key in state)
		state[key] = asked.has(key) ? typeof plain[key] === "number" ? Number(asked.get(key) === "1") : asked.get(key) : plain[key];
	if (!MEASURES.some(m => m.key === state.m))
		state.m = plain.m;
	if (state.view !== "flame")
		state.view = "icicle";
}
function address() {
	const said = new URLSearchParams();
	for (const key in state)
		if (state[key] !== plain[key])
			said.set(key, state[key]);
	return "#" + said;
}
let zooms = 0; /* steps of zooming that lie behind this one in the browser's history, which knows them by its state */
function change(changes, isZoom) {
	Object.assign(state, changes);
	const to = address();
	if (isZoom)
		history.pushState({zooms: ++zooms}, "", to);
	else
		history.replaceState(history.state, "", to);
	show();
}

/* ---- frames: what a rectangle stands for ---- */

/* f: function; total, self: of the measure, what it is wide by; now, before: the totals of both traces, where one is compared
 * with another; id: its way from the root, for the address. */
let root, measure, sum;

function frameAt(node, parent) {
	const both = sums(state.m);
	return {f: functions[node], parent, node, total: sum.total[node], self: sum.own[node], now: both.total[node],
		before: D.before ? both.totalBefore[node] : 0, id: String(node), kids: null};
}

function makeRoot() {
	measure = MEASURES.find(m => m.key === state.m);
	const both = sums(state.m);
	sum = D.before && state.wide === "old" ? {own: both.ownBefore, total: both.totalBefore} : both;
	root = frameAt(0, null);
	root.id = "";
	if (state.inv) {
		root.members = [];
		for (let i = 0; i < N; i++)
			if (sum.own[i] > 0)
				root.members.push(i);
	}
}

/* From functions to callers: a frame stands for contexts (members), which have come up to callers (at). */
function callersOf(frame) {
	const by = new Map(), both = sums(state.m);
	frame.members.forEach((leaf, i) => {
		const at = frame === root ? leaf : parents[frame.at[i]];
		if (at === 0 && frame !== root)
			return;
		const f = functions[at];
		let kid = by.get(f);
		if (!kid)
			by.set(f, kid = {f, parent: frame, total: 0, self: 0, now: 0, before: 0, id: (frame.id ? frame.id + "." : "") + f, members: [], at: [], kids: null});
		kid.members.push(leaf);
		kid.at.push(at);
		kid.total += sum.own[leaf];
		kid.now += both.own[leaf];
		kid.before += D.before ? both.ownBefore[leaf] : 0;
	});
	for (const kid of by.values())
		kid.self = frame === root ? kid.total : 0;
	return [...by.values()];
}

function calleesOf(frame) {
	const kids = [];
	for (let i = starts[frame.node]; i < starts[frame.node + 1]; i++) {
		if (sum.total[callees[i]] > 0)
			kids.push(frameAt(callees[i], frame));
	}
	return kids;
}

function kidsOf(frame) {
	if (!frame.kids) {
		frame.kids = state.inv ? callersOf(frame) : calleesOf(frame);
		frame.kids.sort(state.order === "name" ? (a, b) => D.names[a.f] < D.names[b.f] ? -1 : D.names[a.f] > D.names[b.f] ? 1 : a.f - b.f
			: (a, b) => b.total - a.total || a.f - b.f);
	}
	return frame.kids;
}

/* The frame that an id names; the root, if it is not there now. */
function frameOf(id) {
	let frame = root;
	if (state.inv) {
		for (const f of id ? id.split(".") : []) {
			frame = kidsOf(frame).find(kid => kid.f === Number(f));
			if (!frame)
				return root;
		}
		return frame;
	}
	const way = [];
	for (let node = Number(id); node > 0 && node < N && way.length <= N; node = parents[node])
		way.push(node);
	while (way.length) {
		const node = way.pop();
		frame = kidsOf(frame).find(kid => kid.node === node);
		if (!frame)
			return root;
	}
	return frame;
}

/* ---- layout ---- */

let zoomed, levels = [], chosen = null;

function put(level, rect) {
	(levels[level] = levels[level] || []).push(rect);
}

function layOut(width) {
	levels = [];
	zoomed = frameOf(state.z);
	const above = [];
	for (let frame = zoomed.parent; frame; frame = frame.parent)
		above.unshift(frame);
	above.forEach((frame, level) => put(level, {x: 0, w: width, frame, above: 1}));
	const stack = [{frame: zoomed, x: 0, level: above.length, w: width}];
	const scale = zoomed.total > 0 ? width / zoomed.total : 0;
	while (stack.length) {
		const {frame, x, level, w} = stack.pop();
		put(level, {x, w, frame});
		let at = x, rest = 0, count = 0, restFrom = x;
		const flush = () => {
			if (rest * scale >= LEAST)
				put(level + 1, {x: restFrom, w: rest * scale, frame, rest: count, total: rest});
			rest = count = 0;
		};
		const below = [];
		for (const kid of kidsOf(frame)) {
			const w = kid.total * scale;
			if (w < LEAST) {
				if (!count)
					restFrom = at;
				rest += kid.total;
				count++;
			} else {
				flush();
				below.push({frame: kid, x: at, level: level + 1, w});
			}
			at += w;
		}
		flush();
		while (below.length)
			stack.push(below.pop());
	}
	for (const level of levels)
		level.sort((a, b) => a.x - b.x);
}

/* ---- colours ---- */

function hash(text) {
	let h = 2166136261;
	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 16777619);
	h ^= h >>> 15;
	h = Math.imul(h, 2246822519);
	return (h ^ h >>> 13) >>> 0;
}
const colours = new Map();
let dark = false, printing = false, style = {};
function colourOf(rect) {
	const f = rect.frame.f;
	if (rect.rest)
		return style.rest;
	if (isNone.has(f))
		return style.none;
	if (state.colour === "change") {
		const {now, before} = rect.frame, most = Math.max(now, before);
		const by = most > 0 ? (now - before) / most : 0;
		return Math.abs(by) < 0.005 ? style.none : `hsl(${by > 0 ? 8 : 215} ${30 + 55 * Math.abs(by)}% ${(dark ? 68 : 84) - 22 * Math.abs(by)}%)`;
	}
	let colour = colours.get(f);
	if (!colour) {
		const own = hash(D.names[f]), lighter = own / 2 ** 32;
		const named = state.colour === "file" ? D.fileNames[D.files[f]] : D.moduleNames[D.modules[f]];
		if (state.colour === "function")
			colour = `hsl(${8 + own % 48} ${66 + (own >>> 8) % 24}% ${(dark ? 58 : 66) + (own >>> 16) % 10}%)`;
		else if (!named)
			colour = style.none;
		else
			colour = `hsl(${hash(baseName(named)) % 360} ${dark ? 42 : 58}% ${(dark ? 57 : 68) + 10 * lighter}%)`;
		colours.set(f, colour);
	}
	return colour;
}

/* ---- search ---- */

let matches = null, matchedTotal = 0, matchedFunctions = 0, wrong = "";
function search() {
	matches = null;
	wrong = "";
	matchedTotal = matchedFunctions = 0;
	if (!state.q)
		return;
	let test;
	if (state.re) {
		try {
			const re = new RegExp(state.q, "iu");
			test = name => re.test(name);
		} catch (error) {
			wrong = "no regular expression: " + String(error.message).replace(/^.*: /, "");
			return;
		}
	} else {
		const wanted = state.q.toLowerCase();
		test = name => name.toLowerCase().includes(wanted);
	}
	matches = new Uint8Array(D.names.length);
	D.names.forEach((name, f) => { matches[f] = Number(!isNone.has(f) && test(name)); });
	const called = new Uint8Array(D.names.length);
	/* Each once: what lies within a match is part of it. */
	const within = new Uint8Array(N);
	for (let i = 0; i < N; i++) {
		const inside = i > 0 && within[parents[i]], hit = matches[functions[i]];
		within[i] = inside || hit;
		if (hit && sum.total[i] > 0)
			called[functions[i]] = 1;
		if (hit && !inside)
			matchedTotal += sum.total[i];
	}
	matchedFunctions = called.reduce((count, one) => count + one, 0);
}

/* ---- drawing ---- */

const canvas = $("canvas"), scroll = $("scroll"), pen = canvas.getContext("2d");
let width = 0, height = 0, charWidth = 7.2, depth = 0;

const yOf = level => state.view === "flame" ? depth * ROW - (level + 1) * ROW : level * ROW;
const levelAt = y => state.view === "flame" ? depth - 1 - Math.floor(y / ROW) : Math.floor(y / ROW);

/* What a name is shortened to, longest first: without parameters, template arguments, outer scopes. */
const shorterOf = new Map();
function shorter(f) {
	let list = shorterOf.get(f);
	if (list)
		return list;
	let bare = "", level = 0;
	const name = D.names[f].replace(/\(anonymous namespace\)::/g, "").replace(/operator(<=>|<<=?|>>=?|<=?|>=?|->\*?|\(\))/g, match => "operator" +
		match.slice(8).replace(/[<>()]/g, c => String.fromCharCode(c.charCodeAt(0) + 0xE000)));
	for (const c of name) {
		if (c === "(" && !level && bare)
			break;
		level -= c === ">" || c === ")" ? 1 : 0;
		if (level <= 0)
			bare += c;
		level += c === "<" || c === "(" ? 1 : 0;
		level = Math.max(level, 0);
	}
	bare = bare.replace(/[\uE000-\uE0FF]/g, c => String.fromCharCode(c.charCodeAt(0) - 0xE000)).replace(/^.* (?=[^ ])(?!operator)/, "");
	list = [D.names[f], bare];
	for (let at = bare.indexOf("::"); at > 0; at = bare.indexOf("::"))
		list.push(bare = bare.slice(at + 2));
	shorterOf.set(f, list);
	return list;
}
function fit(f, room) {
	const most = Math.floor(room / charWidth), list = shorter(f);
	for (const text of list)
		if (text && text.length <= most)
			return text;
	return most < 3 ? "" : list[list.length - 1].slice(0, most - 1) + "…";
}
function fitRest(count, room) {
	return [count.toLocaleString("en") + " more", "+" + count.toLocaleString("en"), ""].find(text => text.length * charWidth <= room);
}

function drawRect(rect, y) {
	const hit = matches && !rect.rest && matches[rect.frame.f], gap = rect.w > 3 ? 0.75 : 0;
	pen.globalAlpha = rect.above ? 0.55 : matches && !hit ? 0.4 : 1;
	pen.fillStyle = hit ? style.match : colourOf(rect);
	pen.fillRect(rect.x, y, rect.w - gap, ROW - 1);
	pen.globalAlpha = rect.above && !hit ? 0.8 : 1;
	if (rect.w < TEXT_LEAST)
		return;
	const text = rect.rest ? fitRest(rect.rest, rect.w - 8) : fit(rect.frame.f, rect.w - 8);
	pen.fillStyle = hit ? style.matchText : matches || (isNone.has(rect.frame.f) || rect.rest) || rect.above ? style.text : style.frameText;
	pen.fillText(text, rect.x + 4, y + ROW / 2 + 0.5);
}

function draw() {
	const from = printing ? 0 : scroll.scrollTop, ratio = printing ? 2 : window.devicePixelRatio || 1;
	const shown = printing ? Math.min(depth * ROW, 15000) : Math.min(height, Math.max(depth * ROW, 1));
	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(shown * ratio);
	canvas.style.width = width + "px";
	canvas.style.height = shown + "px";
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	pen.font = FONT;
	pen.textBaseline = "middle";
	charWidth = pen.measureText("MMMMMMMMMM").width / 10;
	let drawn = 0;
	const first = levelAt(state.view === "flame" ? from + shown : from), last = levelAt(state.view === "flame" ? from : from + shown);
	for (let level = Math.max(0, first); level <= Math.min(last, levels.length - 1); level++) {
		const y = yOf(level) - from;
		for (const rect of levels[level])
			drawRect(rect, y);
		drawn += levels[level].length;
	}
	pen.globalAlpha = 1;
	document.body.dataset.drawn = drawn;
	mark("hovered", hovered);
	mark("chosen", chosen && rectOf(chosen));
}

function rectOf(frame) {
	for (const level of levels)
		for (const rect of level)
			if (rect.frame === frame && !rect.rest)
				return rect;
	return null;
}
const levelOf = rect => levels.findIndex(level => level.includes(rect));

function mark(id, rect) {
	const box = $(id).style;
	box.display = rect ? "block" : "none";
	if (!rect)
		return;
	box.left = rect.x + "px";
	box.top = yOf(levelOf(rect)) + "px";
	box.width = Math.max(rect.w, 2) + "px";
	box.height = ROW - 1 + "px";
}

/* ---- what is said about a frame ---- */

function changeOf(frame) {
	const {now, before} = frame, by = before > 0 ? (100 * (now - before) / before).toFixed(1) + "%" : "new";
	return (before > 0 && now >= before ? "+" : "") + by;
}

/* "1.20 s", or with two traces "1.20 s, 900 ms before (+33.3%)". */
function amountOf(frame) {
	const unit = measure.unit ? "" : " " + measure.name;
	return D.before ? `${figure(frame.now, measure.unit)}${unit}, ${figure(frame.before, measure.unit)} before (${changeOf(frame)})`
		: figure(frame.total, measure.unit) + unit;
}

function describe(rect) {
	const {frame} = rect;
	if (rect.rest)
		return `${rect.rest.toLocaleString("en")} more: ${figure(rect.total, measure.unit)}, ${share(rect.total, root.total)} of all; zoom in to see them`;
	const own = state.inv ? "" : `, self ${figure(frame.self, measure.unit)}`;
	const of = zoomed !== root ? `, ${share(frame.total, zoomed.total)} of what is zoomed to` : "";
	return `${amountOf(frame)}, ${share(frame.total, root.total)} of all${of}${own}`;
}

function element(tag, text, name) {
	const e = document.createElement(tag);
	e.textContent = text;
	if (name)
		e.className = name;
	return e;
}

/* A row for each measure: total, share, self; before, where another trace is beside this one. */
function tableOf(frame) {
	const table = document.createElement("table"), head = ["", "total", "of all"];
	if (frame.parent)
		head.push(state.inv ? "of callee's" : "of caller's");
	head.push("self");
	if (D.before)
		head.push("before", "change");
	const line = (cells, tag, name) => {
		const row = document.createElement("tr");
		cells.forEach(cell => row.append(element(tag, cell)));
		row.className = name || "";
		table.append(row);
	};
	line(head, "th");
	for (const m of MEASURES) {
		const s = sums(m.key), node = frame.node;
		if (state.inv && m !== measure)
			continue;
		const total = state.inv ? frame.now : s.total[node], self = state.inv ? (frame.parent === root ? frame.now : 0) : s.own[node];
		const before = state.inv ? frame.before : D.before ? s.totalBefore[node] : 0;
		if (!total && !before && m !== measure)
			continue;
		const cells = [m.name, figure(total, m.unit), share(total, s.total[0])];
		if (frame.parent)
			cells.push(share(total, state.inv ? frame.parent.now : s.total[frame.parent.node]));
		cells.push(figure(self, m.unit));
		if (D.before)
			cells.push(figure(before, m.unit), changeOf({now: total, before}));
		line(cells, "td", m === measure ? "now" : "");
	}
	return table;
}

function fillTip(rect) {
	const tip = $("tip"), {frame} = rect;
	tip.replaceChildren();
	if (rect.rest) {
		tip.append(element("div", describe(rect)));
		return;
	}
	tip.append(element("div", D.names[frame.f], "name"));
	const where = place(frame.f), image = D.moduleNames[D.modules[frame.f]];
	if (where || image)
		tip.append(element("div", [where, image && baseName(image)].filter(Boolean).join("  in "), "place"));
	const marks = state.inv ? 0 : flags.get(frame.node) || 0;
	if (marks & 1)
		tip.append(element("div", "stands for deeper calls, too: recursion was folded", "place"));
	if (marks & 2)
		tip.append(element("div", "stands for several contexts: the tree was full", "place"));
	tip.append(tableOf(frame));
	const calls = D.own.calls && !state.inv && !isNone.has(frame.f) ? sums("calls").own[frame.node] : 0;
	if (calls > 0) {
		const mean = D.own.time ? `, ${figure(sums("time").total[frame.node] / calls, "ns")} each with callees` : "";
		tip.append(element("div", `${calls.toLocaleString("en")} call${calls === 1 ? "" : "s"} of it${mean}`, "place"));
	}
	if (state.inv && frame.parent && frame.parent !== root) {
		let leaf = frame;
		while (leaf.parent !== root)
			leaf = leaf.parent;
		tip.append(element("div", `of ${D.names[leaf.f]}, called by this way`, "place"));
	}
}

/* ---- the page ---- */

function status() {
	const line = $("status");
	line.replaceChildren();
	const rect = hovered || (chosen && rectOf(chosen));
	if (rect) {
		line.append(element("b", rect.rest ? "" : D.names[rect.frame.f]), (rect.rest ? "" : "  ") + describe(rect));
		return;
	}
	if (!(root.total > 0)) {
		line.append(N > 1 ? "Nothing of this was recorded here." : "No calls were recorded.");
		return;
	}
	line.append(element("b", zoomed === root ? "" : D.names[zoomed.f] + "  "));
	line.append(zoomed === root ? `${amountOf(root)}: ${measure.title}`
		+ (state.inv ? "; what functions have themselves, and below them who called them" : "")
		+ (D.before ? "; red has more than before, blue less" : "") : describe({frame: zoomed}));
}

function controls() {
	document.querySelectorAll("#measures button").forEach(b => b.setAttribute("aria-pressed", String(b.value === state.m)));
	for (const view of ["icicle", "flame"])
		$(view).setAttribute("aria-pressed", String(state.view === view));
	$("inverted").setAttribute("aria-pressed", String(!!state.inv));
	$("order").value = state.order;
	$("wide").value = state.wide;
	$("colour").value = state.colour;
	$("back").disabled = $("whole").disabled = zoomed === root;
	$("theme").textContent = dark ? "light" : "dark";
	if ($("search").value !== state.q)
		$("search").value = state.q;
	$("regex").checked = !!state.re;
	$("search").classList.toggle("wrong", !!wrong);
	$("found").textContent = wrong || (!state.q ? "" : !matchedFunctions ? "no match"
		: `${share(matchedTotal, root.total)} in ${matchedFunctions.toLocaleString("en")} function${matchedFunctions === 1 ? "" : "s"}`);
}

/* What is shown, as text: for scripts, and tests. */
function publish() {
	const data = document.body.dataset;
	Object.assign(data, {
		ready: "1", measure: state.m, nodes: N, view: state.view, inverted: state.inv ? 1 : 0, total: root.total, zoom: zoomed.id, zoomName: D.names[zoomed.f],
		zoomTotal: zoomed.total, zoomSelf: zoomed.self, levels: levels.length, rects: levels.reduce((count, level) => count + level.length, 0),
		matchedTotal, matchedFunctions, wrong, dark: dark ? 1 : 0, measures: MEASURES.map(m => m.key).join(" "),
	});
}

let laidOut = "", sorted = "", hovered = null;
function show() {
	const theme = printing ? "light" : state.t || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
	dark = theme === "dark";
	document.documentElement.dataset.theme = theme;
	const read = getComputedStyle(document.documentElement), value = name => read.getPropertyValue(name).trim();
	style = {rest: value("--rest"), none: value("--none"), text: value("--text"), frameText: value("--frame-text"), match: value("--match"), matchText: value("--match-text")};
	colours.clear();
	width = printing ? 1000 : scroll.clientWidth;
	height = scroll.clientHeight;
	const frames = [state.m, state.inv, state.order, state.wide].join(" "), layout = [frames, state.z, width].join(" ");
	if (sorted !== frames) {
		makeRoot();
		sorted = frames;
		chosen = null;
	}
	search();
	const isNew = laidOut !== layout + state.view;
	if (isNew) {
		hovered = null;
		$("tip").hidden = true;
		layOut(width);
		if (chosen && !rectOf(chosen))
			chosen = null;
	}
	depth = levels.length;
	$("room").style.height = depth * ROW + "px";
	if (isNew && !printing) {
		const at = yOf(Math.max(0, levelOf(rectOf(zoomed)) - 2));
		scroll.scrollTop = state.view === "flame" ? at + ROW - height : at;
	}
	laidOut = layout + state.view;
	controls();
	status();
	draw();
	publish();
}

/* ---- mouse ---- */

function rectAt(x, y) {
	const level = levels[levelAt(y)];
	if (!level)
		return null;
	let from = 0, to = level.length;
	while (from < to) {
		const middle = (from + to) >> 1;
		if (level[middle].x + level[middle].w <= x)
			from = middle + 1;
		else
			to = middle;
	}
	return from < level.length && level[from].x <= x ? level[from] : null;
}
function rectUnder(event) {
	const box = canvas.getBoundingClientRect();
	return rectAt(event.clientX - box.left, event.clientY - box.top + scroll.scrollTop);
}
/* On the frame that is zoomed to: out, to what calls it. */
function zoomTo(frame) {
	const to = frame === zoomed ? frame.parent : frame;
	if (to)
		change({z: to.id}, true);
}
let kept = null; /* what "back" does not take back */
function back() {
	if (zooms > 0) {
		kept = {...state};
		history.back();
	} else if (zoomed !== root) {
		change({z: zoomed.parent.id});
	}
}
canvas.addEventListener("mousemove", event => {
	const rect = rectUnder(event), tip = $("tip");
	if (rect !== hovered) {
		hovered = rect;
		mark("hovered", rect);
		status();
		if (rect)
			fillTip(rect);
		tip.hidden = !rect;
	}
	if (!rect)
		return;
	const x = event.clientX + 14, y = event.clientY + 16;
	tip.style.left = Math.max(4, Math.min(x, innerWidth - tip.offsetWidth - 6)) + "px";
	tip.style.top = (y + tip.offsetHeight > innerHeight - 4 ? Math.max(4, event.clientY - tip.offsetHeight - 12) : y) + "px";
});
canvas.addEventListener("mouseleave", () => {
	hovered = null;
	$("tip").hidden = true;
	mark("hovered", null);
	status();
});
canvas.addEventListener("click", event => {
	const rect = rectUnder(event);
	if (rect && !(rect.rest && rect.frame === zoomed))
		zoomTo(rect.frame);
});
scroll.addEventListener("scroll", () => requestAnimationFrame(draw));
addEventListener("resize", () => show());
addEventListener("beforeprint", () => { printing = true; show(); });
addEventListener("afterprint", () => { printing = false; show(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
addEventListener("popstate", event => {
	zooms = event.state && event.state.zooms || 0;
	readState();
	if (kept) {
		Object.assign(state, kept, {z: state.z});
		kept = null;
		history.replaceState(history.state, "", address());
	}
	show();
});

/* ---- keys and buttons ---- */

function choose(frame) {
	chosen = frame;
	hovered = null;
	$("tip").hidden = true;
	const rect = frame && rectOf(frame);
	if (rect) {
		const y = yOf(levelOf(rect));
		if (y < scroll.scrollTop)
			scroll.scrollTop = y;
		else if (y + ROW > scroll.scrollTop + height)
			scroll.scrollTop = y + ROW - height;
	}
	status();
	draw();
	document.body.dataset.chosen = frame ? D.names[frame.f] : "";
}
function beside(step) {
	const rect = rectOf(chosen), level = levels[levelOf(rect)].filter(r => !r.rest);
	return level[level.indexOf(rect) + step];
}
function move(key) {
	if (!chosen)
		return choose(zoomed);
	const down = (key === "ArrowDown") === (state.view === "icicle");
	if (key === "ArrowLeft" || key === "ArrowRight") {
		const to = beside(key === "ArrowLeft" ? -1 : 1);
		if (to)
			choose(to.frame);
	} else if (!down) {
		if (chosen.parent)
			choose(chosen.parent);
	} else {
		const rect = rectOf(chosen), next = levels[levelOf(rect) + 1];
		const to = next && (rect.above ? next[0] : next.find(r => r.frame.parent === chosen && !r.rest));
		if (to)
			choose(to.frame);
	}
}
function nextMatch(step) {
	if (!matches)
		return;
	const hits = levels.flat().filter(r => !r.rest && matches[r.frame.f]);
	if (hits.length) {
		const now = hits.findIndex(r => r.frame === chosen);
		choose(hits[now < 0 ? step > 0 ? 0 : hits.length - 1 : (now + step + hits.length) % hits.length].frame);
	}
}
function nextOf(select) {
	const list = [...select.options].map(o => o.value);
	return list[(list.indexOf(select.value) + 1) % list.length];
}
const pick = m => change({m, z: state.inv ? "" : state.z});
const turnOver = () => change({view: state.view === "flame" ? "icicle" : "flame"});
const invert = () => change({inv: state.inv ? 0 : 1, z: ""});
const light = () => change({t: dark ? "light" : "dark"});
const keys = {
	"/": () => { $("search").focus(); $("search").select(); },
	n: () => nextMatch(1), p: () => nextMatch(-1), "0": () => zoomed !== root && change({z: ""}, true),
	m: () => pick(MEASURES[(MEASURES.indexOf(measure) + 1) % MEASURES.length].key),
	v: turnOver, i: invert, t: light, o: () => change({order: nextOf($("order"))}), c: () => change({colour: nextOf($("colour"))}),
	"?": () => $("keys").showModal(), Backspace: back,
	Escape: () => { choose(null); change({q: ""}); },
	Enter: () => chosen && zoomTo(chosen),
};
addEventListener("keydown", event => {
	if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open)
		return;
	if (event.target === $("search")) {
		if (event.key === "Escape" || event.key === "Enter")
			scroll.focus();
		if (event.key === "Enter")
			nextMatch(1);
		if (event.key !== "Escape")
			return;
	} else if (/^(SELECT|BUTTON|INPUT)$/.test(event.target.tagName) && (event.key === "Enter" || event.key.startsWith("Arrow"))) {
		return;
	}
	const act = event.key.startsWith("Arrow") ? () => move(event.key) : event.key > "0" && event.key <= String(MEASURES.length) && event.key.length === 1
		? () => pick(MEASURES[event.key - 1].key) : keys[event.key];
	if (act) {
		event.preventDefault();
		act();
	}
});
$("icicle").onclick = () => change({view: "icicle"});
$("flame").onclick = () => change({view: "flame"});
$("inverted").onclick = invert;
$("back").onclick = back;
$("whole").onclick = keys["0"];
$("theme").onclick = light;
$("help").onclick = keys["?"];
$("order").onchange = () => change({order: $("order").value});
$("wide").onchange = () => change({wide: $("wide").value});
$("colour").onchange = () => change({colour: $("colour").value});
$("search").oninput = () => change({q: $("search").value});
$("regex").onchange = () => change({re: Number($("regex").checked)});

$("command").textContent = D.title;
document.title = (D.title.slice(0, 80) || "instr") + " · flame graph";
D.notes.forEach(([kind, text]) => { const li = element("li", text, kind); $("notes").append(li); });
MEASURES.forEach((m, i) => {
	const b = element("button", m.name);
	Object.assign(b, {type: "button", value: m.key, title: `${m.title} (${i + 1})`, onclick: () => pick(m.key)});
	$("measures").append(b);
});
if (D.before) {
	$("colour").prepend(new Option("change", "change"));
	$("sides").hidden = false;
}
zooms = history.state && history.state.zooms || 0;
readState();
show();
/* For scripts: where a function is drawn, in the page's coordinates. */
window.flame = {at(name) {
	const rect = levels.flat().find(r => !r.rest && D.names[r.frame.f] === name), box = canvas.getBoundingClientRect();
	return rect && {x: box.left + rect.x + rect.w / 2, y: box.top + yOf(levelOf(rect)) - scroll.scrollTop + ROW / 2, w: rect.w};
}};
})();
