// Parses the AsyncAPI document in the file named and ends with 1 when it has an error or a warning.
// jsep is overridden in package.json: from 1.5 on it asks for Node 20, Debian 12 has 18.
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const WARNING = 1; // 0 is an error, 2 information, 3 a hint

const file = process.argv[2];
new Parser().parse(readFileSync(file, "utf8"), { source: file }).then(({ document, diagnostics }) => {
  const problems = diagnostics.filter(({ severity }) => severity <= WARNING);
  for (const { range, path, message } of problems) {
    console.error(`${file}:${range.start.line + 1}: ${path.join(".")}: ${message}`);
  }
  process.exitCode = problems.length > 0 || document === undefined ? 1 : 0;
});
