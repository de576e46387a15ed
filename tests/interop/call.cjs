// One call by node-soap, told on standard input as JSON, its result on standard output as JSON.
// The body is made by the library from the WSDL; the headers (VIHF, WS-Addressing) come ready.
"use strict";

const fs = require("node:fs");
const https = require("node:https");
const soap = require("soap");

async function call(job) {
  const [key, cert, ca] = [job.key, job.cert, job.ca].map((path) => fs.readFileSync(path));
  const agent = new https.Agent({ key, cert, ca });
  const client = await soap.createClientAsync(job.wsdl, {
    forceSoap12Headers: true,
    parseReponseAttachments: true,
    wsdl_options: { httpsAgent: agent },
  });
  client.setSecurity(new soap.ClientSSLSecurity(key, cert, ca));
  job.headers.forEach((header) => client.addSoapHeader(header));
  const [result] = await client[`${job.operation}Async`](job.args);
  const parts = client.lastResponseAttachments ? client.lastResponseAttachments.parts : [];
  return { operations: client.describe(), result, parts: parts.map((part) => part.body.toString("base64")) };
}

let told = "";
process.stdin.on("data", (piece) => (told += piece));
process.stdin.on("end", () =>
  call(JSON.parse(told)).then(
    (answer) => process.stdout.write(JSON.stringify(answer)),
    (problem) => {
      process.stderr.write(String(problem.message || problem).slice(0, 2000));
      process.exitCode = 1;
    },
  ),
);
