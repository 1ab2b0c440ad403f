// The Node side of kusto_binder.py: Microsoft's Kusto language service behind a JSON line protocol.
//
//   node kusto_binder.js find FOLDER...   prints {"folder", "version"} of the package, or null
//   node kusto_binder.js serve FOLDER     reads {"tables"} once, then a {"query"} a line
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const vm = require("vm");

const PACKAGE = "@kusto/language-service-next";

// Where `npm install -g` puts packages: below the prefix on Unix, beside node or in APPDATA on Windows.
function globalFolders() {
  const bin = path.dirname(process.execPath);
  const prefixes = [process.env.npm_config_prefix, path.dirname(bin), "/usr/local"];
  const windows = [bin, process.env.APPDATA && path.join(process.env.APPDATA, "npm")];
  return [...prefixes.filter(Boolean).map((prefix) => path.join(prefix, "lib")), ...windows.filter(Boolean)];
}

// Node looks in node_modules of a folder and of its parents; a folder of packages may have any name.
function resolve(folder) {
  const direct = path.join(folder, PACKAGE, "package.json");
  if (fs.existsSync(direct)) return direct;
  try {
    return require.resolve(`${PACKAGE}/package.json`, { paths: [folder] });
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    return null;
  }
}

function find(folders) {
  const file = [...folders, ...globalFolders()].map(resolve).find(Boolean);
  if (!file) return null;
  return { folder: path.dirname(file), version: JSON.parse(fs.readFileSync(file, "utf8")).version };
}

// The package is two scripts for one global scope, so `require` cannot load it.
function load(folder) {
  for (const name of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
    const filename = path.join(folder, name);
    vm.runInThisContext(fs.readFileSync(filename, "utf8"), { filename });
  }
}

function declare(tables) {
  const symbols = Kusto.Language.Symbols;
  const declared = Object.entries(tables).map(([name, columns]) => {
    const list = Object.entries(columns).map(([column, type]) => `${column}:${type}`);
    return new symbols.TableSymbol.$ctor7(name, `(${list.join(",")})`, null);
  });
  const database = new symbols.DatabaseSymbol.$ctor1("db", declared, false);
  return Kusto.Language.GlobalState.Default.WithDatabase(database);
}

function problems(query, globals) {
  const found = Kusto.Language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  const all = Array.from({ length: found.Count }, (_, index) => found.getItem(index));
  const errors = all.filter((one) => one.Severity === "Error");
  return errors.map((one) => {
    const before = query.slice(0, one.Start).split("\n");
    return {
      code: one.Code,
      message: one.Message,
      line: before.length,
      column: before[before.length - 1].length + 1,
      text: query.slice(one.Start, one.Start + one.Length),
    };
  });
}

function answer(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

function serve(folder) {
  load(folder);
  let globals = null;
  readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => {
    const message = JSON.parse(line);
    if (message.tables) {
      globals = declare(message.tables);
      answer({ ready: true });
      return;
    }
    try {
      answer({ problems: problems(message.query, globals) });
    } catch (error) {
      answer({ failed: String(error.message || error) });
    }
  });
}

const [command, ...folders] = process.argv.slice(2);
if (command === "find") answer(find(folders));
else serve(folders[0]);
