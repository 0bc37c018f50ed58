// Sets up an authenticator app for somebody, with what Node.js 20 has.
//
//     export SIDECAR_API_URL=http://127.0.0.1:8004
//     export SIDECAR_API_TOKEN=…  # sidecar tokens create --name shop --scope enrollments:write
//     node enroll.mjs ada
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline/promises";

const { SIDECAR_API_URL: url, SIDECAR_API_TOKEN: token } = process.env;

class ProblemError extends Error {}

/** Return what a POST is answered; a problem is thrown (RFC 9457). */
async function post(path, body) {
  const answer = await fetch(url + path, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Idempotency-Key": randomUUID(), // the same once more, if the answer is lost
    },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(30_000),
  });
  const told = await answer.json();
  if (!answer.ok) {
    throw new ProblemError(`${told.title}: ${told.detail ?? told.reason ?? ""} (${told.request_id})`);
  }
  return told;
}

const user_id = process.argv[2];
const asking = createInterface({ input: process.stdin, output: process.stdout });
try {
  const app = await post("/totp/setup", { user_id });
  console.log(app.uri); // as a QR code on your page: app.qr_svg, or app.qr_png
  const code = await asking.question("The code that the app shows: ");
  const done = await post("/totp/verify", { user_id, enrollment_id: app.enrollment_id, code });
  console.log(`${done.authenticator.name} works; backup codes: ${done.backup_codes}`);
} catch (problem) {
  if (!(problem instanceof ProblemError)) throw problem;
  console.error(problem.message);
  process.exitCode = 1;
} finally {
  asking.close();
}
