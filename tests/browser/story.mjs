// The product page's story: sign in, connect, watch the first sync, read the reports, lose the authorization, reconnect,
// disconnect, keep the receipt; then connect and disconnect once more without any script.
// Usage: node story.mjs http://127.0.0.1:PORT PASSWORD   (SCREENSHOTS=folder keeps pictures)
// It asks on standard output for what only Zendesk's admin can do, and goes on when a line comes in.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, password] = process.argv.slice(2);
const pictures = process.env.SCREENSHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const reports = ["overview", "resolution", "sla", "escalations", "workload", "backlog", "quality", "privacy"];
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const profiles = [];
if (pictures) mkdirSync(pictures, { recursive: true });

function launch(options) {
  const profile = mkdtempSync(join(tmpdir(), "deskmeter-browser-"));
  profiles.push(profile);
  return chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    viewport: { width: 1440, height: 900 },
    bypassCSP: false,
    ...options,
  });
}

async function asked(what) {
  console.log(`please ${what}`);
  await answers.next();
}

const browser = await launch({});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(600_000);
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));

async function accessible(name) {
  const found = await violations().catch((error) => {
    // A page that reloads itself, as it does when a sync ends, takes the world of the question with it.
    if (!/context was destroyed|Cannot find context/.test(String(error))) throw error;
    return page.waitForLoadState().then(violations);
  });
  const serious = found.filter((violation) => ["serious", "critical"].includes(violation.impact));
  assert.deepEqual(serious, [], `accessibility of ${name}`);
}

// In an isolated world: the page's content security policy stays in force for the page itself.
async function violations() {
  const session = await browser.newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const run = (expression) => session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
  await run(axe);
  const { result } = await run(`axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.map((v) => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)) })))`);
  await session.detach();
  return result.value;
}

async function picture(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: width === 360 ? 780 : 900 });
      await accessible(`${name}, ${colorScheme}, ${width} px`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width} px`);
      if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}

async function signIn(page) {
  await page.goto(base);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/integrations/);
}

async function status(page) {
  const badge = page.locator(".status").first();
  return [(await badge.innerText()).trim(), await badge.getAttribute("class")];
}

// From the card to Zendesk's page, Allow, and back.
async function connect(page, name) {
  await page.getByRole("link", { name }).click();
  for (const scope of ["tickets:read", "users:read", "organizations:read"]) assert.ok(await page.getByText(scope).first().isVisible());
  for (const never of ["Ticket descriptions or comments", "Customer personal data", "Attachment content", "Internal notes", "CSAT survey responses"]) assert.ok(await page.getByText(never).isVisible(), never);
  await page.getByRole("button", { name: "Continue to Zendesk" }).click();
  await page.waitForURL((url) => url.origin !== base);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${base}/integrations?notice=connected`);
  assert.deepEqual(await status(page), ["Connected", "status ok"]);
}

// A live page that loads itself again at the same moment breaks a navigation off.
async function look(page) {
  await page.goto(`${base}/integrations`).catch(() => page.goto(`${base}/integrations`));
}

async function disconnect(page) {
  await look(page);
  await page.getByRole("link", { name: "Disconnect" }).click();
  await page.getByLabel(/to confirm/).fill("acme");
  await page.getByRole("button", { name: "Disconnect and delete" }).click();
  await page.waitForURL(/notice=deleting/);
  for (let tries = 0; (await page.getByRole("link", { name: "Deletion receipt" }).count()) === 0; tries++) {
    assert.ok(tries < 600, "the deletion does not end");
    await page.waitForTimeout(500);
    await look(page);
  }
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Deletion receipt" }).click();
  assert.match(readFileSync(await (await download).path(), "utf8"), /"revocation":"proven"/);
}

async function story() {
  await page.goto(base);
  await picture("0-sign-in");
  await signIn(page);

  // The left sidebar has Integrations; the Zendesk card starts the OAuth flow.
  await page.getByRole("navigation").getByRole("link", { name: "Integrations" }).click();
  await picture("1-not-connected");
  await page.goto(`${base}/c/acme/overview`);
  await picture("1-no-data");
  await page.goto(`${base}/integrations/acme/connect`);
  await picture("2-permissions");
  await page.goto(`${base}/integrations`);
  // Back on the dashboard: Connected, with a green indicator, and collection begins by itself.
  await connect(page, "Connect Zendesk");
  await page.locator(".live progress").first().waitFor();
  // Server-sent events bring new numbers without a reload.
  const before = await page.locator(".live-head .muted").innerText();
  await page.waitForFunction((old) => document.querySelector(".live-head .muted")?.innerText !== old, before);
  await asked("answer at once");
  await picture("3-first-sync");
  await page.getByText("Up to date").waitFor();
  await picture("4-connected");

  // The reports.
  await page.getByRole("link", { name: "Open reports" }).click();
  for (const slug of reports) {
    await page.goto(`${base}/c/acme/${slug}?period=12m`);
    assert.equal(await page.getByText("could not be computed").count(), 0, slug);
    await picture(`5-${slug}`);
  }
  await page.goto(`${base}/c/acme/overview`);
  await page.getByLabel("Priority").selectOption("high");
  await page.waitForURL(/priority=high/);
  await page.getByRole("link", { name: /^SQL of/ }).first().click();
  assert.ok(await page.getByText("select").first().isVisible());
  await picture("6-sql");
  await page.goto(`${base}/c/acme/overview`);
  await page.getByRole("navigation").getByRole("link", { name: "Own marts" }).click();
  assert.ok(await page.getByText("How many tickets each group has.").isVisible());
  await picture("6-own-marts");
  await page.getByRole("link", { name: "SQL of group_sizes" }).click();
  assert.ok(await page.getByText("count(*) as n_tickets").isVisible());
  await picture("6-own-mart-sql");
  await page.goto(`${base}/accounts`);
  await picture("6-accounts");
  await page.goto(`${base}/c/acme/resolution`);
  await page.getByLabel("Split lines by").selectOption("group");
  await page.waitForURL(/by=group/);
  await page.goto(`${base}/c/acme/backlog`);
  const today = await page.locator(".slider output").innerText();
  await page.locator(".slider input").press("PageDown");
  await page.waitForURL(/at=/);
  assert.notEqual(await page.locator(".slider output").innerText(), today);
  await page.goto(`${base}/integrations/acme`);
  await picture("7-details");

  // An admin revokes the authorization in Zendesk: the next sync finds it, the card says so and what to do.
  await asked("revoke the authorization");
  await page.goto(`${base}/integrations`);
  await page.getByRole("button", { name: "Sync now" }).click();
  await page.getByText("Disconnected", { exact: true }).waitFor();
  assert.deepEqual(await status(page), ["Disconnected", "status bad"]);
  await picture("8-revoked");
  await page.goto(`${base}/integrations/acme`);
  assert.ok(await page.getByText("check that the admin has not revoked the authorization").first().isVisible());
  await picture("8-revoked-details");
  await page.goto(`${base}/integrations`);
  await connect(page, "Reconnect Zendesk");

  // Disconnect: the name is asked for; everything is deleted; the receipt is there.
  await page.goto(`${base}/integrations/acme/disconnect`);
  await page.getByLabel(/to confirm/).fill("wrong");
  complaints.length = 0;
  await page.getByRole("button", { name: "Disconnect and delete" }).click();
  assert.ok(await page.getByRole("alert").isVisible());
  complaints.length = 0; // The browser reports the refusal's status.
  await picture("9-disconnect");
  await disconnect(page);
  await picture("9-deleted");
  await page.goto(`${base}/nothing`);
  complaints.length = 0;
  await picture("9-not-found");
  assert.deepEqual(complaints, []);
}

async function withoutScript() {
  const plain = await launch({ javaScriptEnabled: false });
  const page = plain.pages()[0] ?? (await plain.newPage());
  await signIn(page);
  await connect(page, "Connect Zendesk");
  // The page loads itself again while a sync goes on.
  await page.getByText("Up to date").waitFor({ timeout: 300_000 }).catch(async (error) => {
    console.error(await page.locator("main").innerText());
    throw error;
  });
  await page.getByRole("link", { name: "Open reports" }).click();
  await page.getByLabel("Priority").selectOption("high");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.waitForURL(/priority=high/);
  assert.ok(await page.locator("svg.chart").first().isVisible());
  await disconnect(page);
  await plain.close();
}

try {
  await story();
  await withoutScript();
  console.log("the story is true");
} finally {
  await browser.close();
  for (const profile of profiles) rmSync(profile, { recursive: true, force: true });
  process.stdin.destroy();
}
