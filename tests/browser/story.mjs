// The product page's story: connect, watch the first sync, read the reports, disconnect, keep the receipt.
// Usage: node story.mjs http://127.0.0.1:PORT   (SCREENSHOTS=folder keeps pictures)
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const base = process.argv[2];
const pictures = process.env.SCREENSHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const reports = ["overview", "resolution", "sla", "escalations", "workload", "backlog", "quality", "privacy"];
const profile = mkdtempSync(join(tmpdir(), "deskmeter-browser-"));
if (pictures) mkdirSync(pictures, { recursive: true });

const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  viewport: { width: 1440, height: 900 },
  bypassCSP: false,
});
const page = browser.pages()[0] ?? (await browser.newPage());
page.setDefaultTimeout(120_000);
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));

// In an isolated world: the page's content security policy stays in force for the page itself.
async function accessible(name) {
  const session = await browser.newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const run = (expression) => session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
  await run(axe);
  const { result } = await run(`axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.map((v) => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)) })))`);
  await session.detach();
  const serious = result.value.filter((violation) => ["serious", "critical"].includes(violation.impact));
  assert.deepEqual(serious, [], `accessibility of ${name}`);
}

async function picture(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await accessible(`${name}, ${colorScheme}`);
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: width === 360 ? 780 : 900 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width} px`);
      if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}

try {
  // The left sidebar has Integrations; the Zendesk card starts the OAuth flow.
  await page.goto(base);
  await page.getByRole("navigation").getByRole("link", { name: "Integrations" }).click();
  await picture("1-not-connected");
  await page.getByRole("link", { name: "Connect Zendesk" }).click();
  for (const scope of ["tickets:read", "users:read", "organizations:read"]) assert.ok(await page.getByText(scope).first().isVisible());
  await picture("2-permissions");
  await page.getByRole("button", { name: "Continue to Zendesk" }).click();

  // Zendesk's page shows the permissions; Allow.
  await page.waitForURL((url) => url.origin !== base);
  await page.getByRole("button", { name: "Allow" }).click();

  // Back on the dashboard: Connected, with a green indicator, and collection has begun.
  await page.waitForURL(`${base}/integrations?notice=connected`);
  const status = page.locator(".status");
  assert.equal((await status.innerText()).trim(), "Connected");
  assert.ok((await status.getAttribute("class")).includes("ok"));
  await page.locator(".live progress").first().waitFor();
  // Server-sent events bring new numbers without a reload.
  const before = await page.locator(".live-head .muted").innerText();
  await page.waitForFunction((old) => document.querySelector(".live-head .muted")?.innerText !== old, before);
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
  await page.goto(`${base}/integrations/acme`);
  await picture("7-details");

  // Disconnect: the name is asked for; everything is deleted; the receipt is there.
  await page.goto(`${base}/integrations`);
  await page.getByRole("link", { name: "Disconnect" }).click();
  await page.getByLabel(/to confirm/).fill("wrong");
  await page.getByRole("button", { name: "Disconnect and delete" }).click();
  assert.ok(await page.getByRole("alert").isVisible());
  complaints.length = 0; // The browser reports the refusal's status.
  await picture("8-disconnect");
  await page.getByLabel(/to confirm/).fill("acme");
  await page.getByRole("button", { name: "Disconnect and delete" }).click();
  await page.waitForURL(/notice=deleting/);
  for (let tries = 0; (await page.getByRole("link", { name: "Deletion receipt" }).count()) === 0; tries++) {
    assert.ok(tries < 120, "the deletion does not end");
    await page.waitForTimeout(500);
    await page.goto(`${base}/integrations`);
  }
  await picture("9-deleted");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Deletion receipt" }).click();
  const receipt = readFileSync(await (await download).path(), "utf8");
  assert.match(receipt, /"revocation":"proven"/);
  assert.deepEqual(complaints, []);
  console.log("the story is true");
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
