// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plugin.cpp - the C++ shim between LLVM and the C pass: registration, and the few helpers of
// shim.h that LLVM-C lacks. No policy here. It is the only file that may test LLVM's version.
#include "shim.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#if __has_include("llvm/Plugins/PassPlugin.h")
#include "llvm/Plugins/PassPlugin.h"
#else
#include "llvm/Passes/PassPlugin.h"
#endif
#include "llvm/Support/CommandLine.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/EscapeEnumerator.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"
#include <cstdio>
#include <cstdlib>

using namespace llvm;

// Since LLVM 16. A build for one major loads into another only if every symbol it needs happens to
// exist there; then this tells them apart, before the option below registers itself.
extern "C" void LLVMGetVersion(unsigned *, unsigned *, unsigned *) __attribute__((weak));

__attribute__((constructor(101))) static void refuseOtherVersion() {
  unsigned Major = LLVM_VERSION_MAJOR;
  if (LLVMGetVersion)
    LLVMGetVersion(&Major, nullptr, nullptr);
  if (Major == LLVM_VERSION_MAJOR)
    return;
  fprintf(stderr, "error: instr: this plugin was built for LLVM %d and the compiler is LLVM %u; "
                  "use libinstr-%u.so\n", LLVM_VERSION_MAJOR, Major, Major);
  _Exit(1);
}

static cl::list<std::string> CommandLine("instr", cl::Hidden, cl::value_desc("key=value:..."),
                                         cl::desc("Settings of instr's pass"));

namespace {
struct InstrPass : PassInfoMixin<InstrPass> {
  pass_stage Stage;
  explicit InstrPass(pass_stage Stage) : Stage(Stage) {}
  PreservedAnalyses run(Module &M, ModuleAnalysisManager &) {
    return pass_run(wrap(&M), Stage) ? PreservedAnalyses::none() : PreservedAnalyses::all();
  }
  static bool isRequired() { return true; } // reaches optnone functions
};
} // namespace

static void registerCallbacks(PassBuilder &PB) {
  PB.registerPipelineStartEPCallback([](ModulePassManager &MPM, OptimizationLevel) {
    MPM.addPass(InstrPass(PASS_BEGIN));
  });
  // The third parameter, the LTO phase, is not in every version; the pass reads module flags.
  PB.registerOptimizerLastEPCallback([](ModulePassManager &MPM, OptimizationLevel, auto &&...) {
    MPM.addPass(InstrPass(PASS_COMPILE));
  });
#if LLVM_VERSION_MAJOR >= 15
  PB.registerFullLinkTimeOptimizationLastEPCallback([](ModulePassManager &MPM, OptimizationLevel) {
    MPM.addPass(InstrPass(PASS_LINK));
  });
#endif
  PB.registerPipelineParsingCallback(
      [](StringRef Name, ModulePassManager &MPM, ArrayRef<PassBuilder::PipelineElement>) {
        if (Name != "instr" && Name != "instr-begin" && Name != "instr-link")
          return false;
        MPM.addPass(InstrPass(Name == "instr" ? PASS_COMPILE : Name == "instr-link" ? PASS_LINK : PASS_BEGIN));
        return true;
      });
}

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "instr", LLVM_VERSION_STRING, registerCallbacks};
}

unsigned shim_llvm_major(void) { return LLVM_VERSION_MAJOR; }

void shim_error(LLVMModuleRef module, const char *sentence) {
  unwrap(module)->getContext().emitError(Twine("instr: ") + sentence);
}

const char *shim_command_line(unsigned i) {
  return i < CommandLine.size() ? CommandLine[i].c_str() : nullptr;
}

void shim_demangle(const char *linkage_name, char **full, char **name) {
  ItaniumPartialDemangler D;
  *full = *name = nullptr;
  if (D.partialDemangle(linkage_name)) // true: not a mangled name
    return;
  *full = D.finishDemangle(nullptr, nullptr);
  if (D.isFunction())
    *name = D.getFunctionName(nullptr, nullptr);
}

void shim_each_exit(LLVMValueRef function, bool exceptions,
                    void (*each)(LLVMValueRef before, void *context), void *context) {
  EscapeEnumerator Exits(*unwrap<Function>(function), "instr.unwind", exceptions);
  while (IRBuilder<> *At = Exits.Next())
    each(wrap(&*At->GetInsertPoint()), context);
}

bool shim_is_musttail(LLVMValueRef call) {
  auto *Call = dyn_cast<CallInst>(unwrap(call));
  return Call && Call->isMustTailCall();
}

LLVMValueRef shim_after_return_of(LLVMValueRef call) {
  if (auto *Invoke = dyn_cast<InvokeInst>(unwrap(call)))
    return wrap(&*SplitEdge(Invoke->getParent(), Invoke->getNormalDest())->getFirstInsertionPt());
  return wrap(cast<CallInst>(unwrap(call))->getNextNode());
}

void shim_fold_return(LLVMValueRef ret, LLVMBasicBlockRef predecessor) {
  auto *Ret = cast<ReturnInst>(unwrap(ret));
  BasicBlock *Block = Ret->getParent();
  FoldReturnIntoUncondBranch(Ret, Block, unwrap(predecessor));
  if (pred_empty(Block) && !Block->isEntryBlock())
    DeleteDeadBlock(Block);
}

void shim_add_ctor(LLVMModuleRef module, LLVMValueRef function, LLVMValueRef key, int priority) {
  appendToGlobalCtors(*unwrap(module), unwrap<Function>(function), priority, unwrap<Constant>(key));
}

void shim_add_dtor(LLVMModuleRef module, LLVMValueRef function, LLVMValueRef key, int priority) {
  appendToGlobalDtors(*unwrap(module), unwrap<Function>(function), priority, unwrap<Constant>(key));
}

void shim_keep(LLVMModuleRef module, LLVMValueRef *globals, size_t count, bool in_linker) {
  SmallVector<GlobalValue *, 64> Kept;
  for (size_t I = 0; I < count; I++)
    Kept.push_back(unwrap<GlobalValue>(globals[I]));
  (in_linker ? appendToUsed : appendToCompilerUsed)(*unwrap(module), Kept);
}
