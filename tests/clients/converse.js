// converse.js in Chromium: its page is looked at as a person sees it. The words, the deadline and the
// report are those of chat.py.
"use strict";

const { isDeepStrictEqual } = require("node:util");
const { chromium } = require("playwright-core");

const ECHO = "bot@echo.localhost";
const FIRST = "first words";
const SECOND = "second words";
const CORRECTION = ", corrected";
const WRITTEN = [["me", FIRST], ["echo", FIRST], ["me", SECOND], ["echo", SECOND]];
const CORRECTED = WRITTEN.slice(0, 2)
    .concat([["me", SECOND + CORRECTION + " (edited)"], ["echo", SECOND + CORRECTION + " (edited)"]]);

const SECONDS = 30;
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
const held = [];
const failed = [];
const devices = [];

// Looks until it sees what is wanted. Goes on after a failure, with less patience: what else holds is
// worth knowing.
async function check(what, look, wanted) {
    const seconds = failed.length ? 10 : SECONDS;
    const end = performance.now() + seconds * 1000;
    let seen = await look();
    while (!isDeepStrictEqual(seen, wanted)) {
        if (performance.now() > end) {
            failed.push(`${what}: not within ${seconds} s, but ${JSON.stringify(seen)}`);
            return;
        }
        await pause();
        seen = await look();
    }
    held.push(what);
}

// A device of its own: a browser profile in which someone logs in and opens the chat.
class Device {
    static async open(browser, name) {
        const device = new Device();
        devices.push(device);
        device.name = name;
        const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
        device.page = await context.newPage();
        device.page.setDefaultTimeout(SECONDS * 1000);
        device.page.on("console", (message) => console.error(`${name}: ${message.text()}`));
        await device.page.goto(`http://localhost:5280/files/converse.html?${name}`);
        // It starts by itself once it has logged in; the fragment then says what to open.
        await device.page.evaluate((hash) => { location.hash = hash; }, `converse/chat?jid=${ECHO}`);
        device.input = device.page.locator("textarea.chat-textarea:visible");
        await device.input.waitFor();
        return device;
    }

    async say(words) {
        await this.input.pressSequentially(words);
        await this.input.press("Enter");
    }

    async correct(words) {
        await this.input.press("ArrowUp");
        await this.page.locator(".chat-msg.correcting").waitFor();
        await this.input.press("End");
        await this.say(words);
    }

    // Who said what.
    shown() {
        return this.page.evaluate((echo) => [...document.querySelectorAll(".chat-msg")].map((row) => [
            row.dataset.from.split("/")[0] === echo ? "echo" : "me",
            row.querySelector(".chat-msg__text").innerText.trim()
                + (row.querySelector(".chat-msg__edit-modal") ? " (edited)" : ""),
        ]), ECHO);
    }

    // Which of one's own words have a tick.
    ticked() {
        return this.page.evaluate(() =>
            [...document.querySelectorAll(".chat-msg:has(.chat-msg__content--me)")]
                .filter((row) => row.querySelector(".chat-msg__receipt"))
                .map((row) => row.querySelector(".chat-msg__text").innerText.trim()));
    }

    // What the contact list says of the echo.
    status() {
        return this.page.evaluate((echo) => {
            const contact = document.querySelector(`#converse-roster [data-jid="${echo}"]`);
            return contact?.closest("[data-status]")?.dataset.status;
        }, ECHO);
    }

    picture() {
        return this.page.screenshot({ path: `${process.env.CLIENTS_OUT}/converse/${this.name}.png` });
    }
}

async function drive(browser) {
    const first = await Device.open(browser, "first");
    const second = await Device.open(browser, "second");
    await check("contact online", () => first.status(), "online");
    await first.say(FIRST);
    await check("echo shown", () => first.shown(), WRITTEN.slice(0, 2));
    await first.say(SECOND);
    await check("in order", () => first.shown(), WRITTEN);
    await check("ticked", () => first.ticked(), [FIRST, SECOND]);
    await first.correct(CORRECTION);
    await check("both sides corrected", () => first.shown(), CORRECTED);
    await check("second device by carbons", () => second.shown(), CORRECTED);
    const later = await Device.open(browser, "later");
    await check("third by archive", () => later.shown(), CORRECTED);
}

async function main() {
    const browser = await chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu"],
    });
    try {
        await drive(browser);
        await Promise.all(devices.map((device) => device.picture()));
    } catch (error) {
        failed.push(String(error.message).split("\n")[0]);
    }
    await browser.close();
    console.log(failed.join("; ") || held.join(", "));
    process.exitCode = failed.length ? 1 : 0;
}

main();
