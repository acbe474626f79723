import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Exports of an entry that no comment explains, with the file that they are in. */
function unexplained(entry: string): string[] {
  const path = `packages/core/src/${entry}.ts`;
  const program = ts.createProgram([path], {
    allowImportingTsExtensions: true,
    noEmit: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: [],
  });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${path} exports nothing`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isExplained = symbol.getDocumentationComment(checker).length > 0;
    return isExplained
      ? []
      : [`${exported.name} in ${symbol.declarations?.[0]?.getSourceFile().fileName.replace(/.*packages/, "packages")}`];
  });
}

describe("what core exports", () => {
  it.each(["index", "verify"])("is explained, all of %s", (entry) => {
    expect(unexplained(entry)).toEqual([]);
  });
});
