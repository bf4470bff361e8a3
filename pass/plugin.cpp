// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// plugin.cpp - the C++ shim between LLVM and the C pass: registration, and the few helpers of
// shim.h that LLVM-C lacks. No policy here. It is the only file that may test LLVM's version.
#include "shim.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/GetElementPtrTypeIterator.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
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
#include <cstring>
#include <numeric>

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
  // Without that beginning it reads types: "b", a variable, would be "bool".
  if (strncmp(linkage_name, "_Z", 2) && strncmp(linkage_name, "___Z", 4))
    return;
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

static LLVMMetadataRef firstTypeOf(DITemplateParameterArray Parameters) {
  if (!Parameters || !Parameters.size())
    return nullptr;
  auto *First = dyn_cast_or_null<DITemplateTypeParameter>(Parameters[0]);
  return First ? wrap(First->getType()) : nullptr;
}

struct shim_node shim_node(LLVMMetadataRef node) {
  struct shim_node N = {};
  auto *Node = dyn_cast_or_null<DINode>(unwrap(node));
  if (!Node)
    return N;
  N.tag = Node->getTag();
  if (auto *Scope = dyn_cast<DIScope>(Node)) {
    StringRef Name = Scope->getName();
    N.name = Name.data();
    N.name_bytes = Name.size();
    N.scope = wrap(Scope->getScope());
  }
  if (auto *Type = dyn_cast<DIType>(Node)) {
    N.bytes = Type->getSizeInBits() / 8;
    N.offset = Type->getOffsetInBits() / 8;
    N.apart = Type->isStaticMember() || (N.tag == dwarf::DW_TAG_inheritance && Type->isVirtual());
  }
  if (auto *Derived = dyn_cast<DIDerivedType>(Node))
    N.base = wrap(Derived->getBaseType());
  if (auto *Composite = dyn_cast<DICompositeType>(Node)) {
    N.base = wrap(Composite->getBaseType());
    N.first = firstTypeOf(Composite->getTemplateParams());
  }
  if (auto *Function = dyn_cast<DISubprogram>(Node))
    if (auto *Type = Function->getType())
      if (auto Types = Type->getTypeArray())
        N.base = Types.size() ? wrap(Types[0]) : nullptr;
  return N;
}

LLVMMetadataRef shim_member(LLVMMetadataRef type, unsigned i) {
  auto *Composite = dyn_cast_or_null<DICompositeType>(unwrap(type));
  DINodeArray Elements = Composite ? Composite->getElements() : DINodeArray();
  return Elements && i < Elements.size() ? wrap(Elements[i]) : nullptr;
}

using EachVariable = void (*)(void *context, LLVMMetadataRef type, int64_t part, unsigned number, LLVMMetadataRef location);

// Whether an expression changes nothing but says which part of a variable it is about: of the whole -1.
static bool isPlain(const DIExpression *Expression, int64_t &Part) {
  auto Fragment = Expression->getFragmentInfo();
  Part = Fragment ? (int64_t)(Fragment->OffsetInBits / 8) : -1;
  return Expression->getNumElements() == (Fragment ? 3 : 0);
}

// Of an intrinsic or, since LLVM 19, a record that has the value. Place: its address, which another expression
// of dbg.assign is about.
template <typename T>
static void eachOf(T *At, bool IsPlace, const DIExpression *OfPlace, bool Stored, EachVariable each, void *context) {
  const DIExpression *Expression = At->getExpression();
  int64_t Part = -1;
  if (!IsPlace && Expression->getNumElements() == 1 && Expression->getElement(0) == dwarf::DW_OP_deref)
    IsPlace = true;
  else if (!isPlain(Expression, Part) || (OfPlace && OfPlace->getNumElements()))
    return;
  if (IsPlace == Stored)
    each(context, wrap(At->getVariable()->getType()), Part, At->getVariable()->getArg(),
         wrap(At->getDebugLoc().getAsMDNode()));
}

void shim_each_variable(LLVMValueRef value, bool stored, EachVariable each, void *context) {
  Value *V = unwrap(value);
  auto *Local = V->isUsedByMetadata() ? LocalAsMetadata::getIfExists(V) : nullptr;
  if (!Local)
    return;
  if (auto *Operand = MetadataAsValue::getIfExists(V->getContext(), Local))
    for (User *U : Operand->users()) {
      auto *Intrinsic = dyn_cast<DbgVariableIntrinsic>(U);
      if (Intrinsic && Intrinsic->getArgOperand(0) == Operand)
        eachOf(Intrinsic, !isa<DbgValueInst>(Intrinsic), nullptr, stored, each, context);
      else if (Intrinsic && Intrinsic->arg_size() == 6 && Intrinsic->getArgOperand(4) == Operand) // dbg.assign
        eachOf(Intrinsic, true,
               cast<DIExpression>(cast<MetadataAsValue>(Intrinsic->getArgOperand(5))->getMetadata()), stored, each,
               context);
    }
#if LLVM_VERSION_MAJOR >= 19
  for (DbgVariableRecord *Record : Local->getAllDbgVariableRecordUsers()) {
    if (Record->getRawLocation() == Local)
      eachOf(Record, Record->isDbgDeclare(), nullptr, stored, each, context);
    else if (Record->isDbgAssign() && Record->getRawAddress() == Local)
      eachOf(Record, true, Record->getAddressExpression(), stored, each, context);
  }
#endif
}

LLVMMetadataRef shim_global_type(LLVMValueRef global, int64_t *offset) {
  auto *Variable = dyn_cast<GlobalVariable>(unwrap(global));
  SmallVector<DIGlobalVariableExpression *, 1> Said;
  if (Variable)
    Variable->getDebugInfo(Said);
  for (auto *One : Said) {
    int64_t Part;
    if (!isPlain(One->getExpression(), Part))
      continue;
    *offset += Part < 0 ? 0 : Part;
    return wrap(One->getVariable()->getType());
  }
  return nullptr;
}

LLVMMetadataRef shim_parameter_type(LLVMValueRef function, unsigned number) {
  auto *F = dyn_cast<Function>(unwrap(function));
  DISubprogram *Said = F ? F->getSubprogram() : nullptr;
  if (!Said || !Said->getType())
    return nullptr;
  auto Types = Said->getType()->getTypeArray(); // the result is the first
  return number + 1 < Types.size() ? wrap(Types[number + 1]) : nullptr;
}

LLVMValueRef shim_strip_offset(LLVMModuleRef module, LLVMValueRef address, int64_t *offset, uint64_t *step) {
  auto *Op = dyn_cast<Operator>(unwrap(address));
  if (Op && Op->getOpcode() == Instruction::BitCast)
    return wrap(Op->getOperand(0));
  auto *GEP = dyn_cast_or_null<GEPOperator>(Op);
  if (!GEP || GEP->getType()->isVectorTy())
    return nullptr;
  const DataLayout &Layout = unwrap(module)->getDataLayout();
  for (auto At = gep_type_begin(GEP), End = gep_type_end(GEP); At != End; ++At) {
    auto *Index = dyn_cast<ConstantInt>(At.getOperand());
    if (StructType *Struct = At.getStructTypeOrNull()) {
      uint64_t Bytes = Layout.getStructLayout(Struct)->getElementOffset(Index->getZExtValue());
      *offset += (int64_t)Bytes;
      continue;
    }
    uint64_t Stride = Layout.getTypeAllocSize(At.getIndexedType());
    if (Index)
      *offset += (int64_t)((uint64_t)Index->getSExtValue() * Stride);
    else
      *step = std::gcd(*step, Stride);
  }
  return wrap(GEP->getPointerOperand());
}

void shim_keep(LLVMModuleRef module, LLVMValueRef *globals, size_t count, bool in_linker) {
  SmallVector<GlobalValue *, 64> Kept;
  for (size_t I = 0; I < count; I++)
    Kept.push_back(unwrap<GlobalValue>(globals[I]));
  (in_linker ? appendToUsed : appendToCompilerUsed)(*unwrap(module), Kept);
}
