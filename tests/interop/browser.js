// SPDX-License-Identifier: Apache-2.0
/*
 * browser.js - drives headless Chromium over the pipe of the DevTools protocol, with nothing but
 * what Node has.
 *
 *	node browser.js CHROMIUM PROFILE_DIR STEPS.js [ARGUMENT…]
 *
 * STEPS.js exports async (page, log, …arguments). What it logs goes to standard output, one line each,
 * for a test written in shell to judge. Exit status 1 when a step throws or takes too long.
 */
'use strict';
const {spawn} = require('child_process');
const path = require('path');

const TIMEOUT_MS = 60000 * Math.min(5, Number(process.env.SLOW || 1));
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars', '--force-color-profile=srgb',
	'--remote-debugging-pipe'];
const KEYS = {Enter: 13, Escape: 27, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Home: 36, End: 35, Tab: 9};

class Page {
	constructor(child) {
		this.child = child;
		this.next = 1;
		this.waiting = new Map();
		this.listeners = [];
		this.errors = [];
		this.requests = [];
		this.rest = '';
		child.stdio[4].setEncoding('utf8').on('data', (text) => this.receive(text));
	}

	receive(text) {
		const parts = (this.rest + text).split('\0');
		this.rest = parts.pop();
		for (const part of parts) {
			const m = JSON.parse(part), call = this.waiting.get(m.id);
			if (!m.id) {
				this.note(m);
				continue;
			}
			this.waiting.delete(m.id);
			if (m.error)
				call.reject(new Error(call.method + ': ' + m.error.message));
			else
				call.resolve(m.result);
		}
	}

	note(m) {
		if (m.method === 'Runtime.exceptionThrown')
			this.errors.push(m.params.exceptionDetails.exception?.description || m.params.exceptionDetails.text);
		else if (m.method === 'Runtime.consoleAPICalled' && /error|warning|assert/.test(m.params.type))
			this.errors.push(m.params.args.map((a) => a.value || a.description).join(' '));
		else if (m.method === 'Log.entryAdded' && /error|warning/.test(m.params.entry.level))
			this.errors.push(m.params.entry.text);
		else if (m.method === 'Network.requestWillBeSent')
			this.requests.push(m.params.request.url);
		for (const l of this.listeners.filter((x) => x.method === m.method)) {
			this.listeners.splice(this.listeners.indexOf(l), 1);
			l.resolve(m.params);
		}
	}

	send(method, params, noSession) {
		const id = this.next++, session = noSession ? undefined : this.session;
		this.child.stdio[3].write(JSON.stringify({id, method, params: params || {}, sessionId: session}) + '\0');
		return new Promise((resolve, reject) => this.waiting.set(id, {resolve, reject, method}));
	}

	event(method) {
		return new Promise((resolve) => this.listeners.push({method, resolve}));
	}

	async open() {
		const {targetId} = await this.send('Target.createTarget', {url: 'about:blank'}, true);
		({sessionId: this.session} = await this.send('Target.attachToTarget', {targetId, flatten: true}, true));
		for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Accessibility'])
			await this.send(domain + '.enable');
	}

	// Afresh, also where only the fragment differs.
	async goto(url) {
		const left = this.event('Page.loadEventFired');
		await this.send('Page.navigate', {url: 'about:blank'});
		await left;
		const loaded = this.event('Page.loadEventFired');
		await this.send('Page.navigate', {url});
		await loaded;
	}

	async reload() {
		const loaded = this.event('Page.loadEventFired');
		await this.send('Page.reload');
		await loaded;
	}

	// The value of an expression in the page; promises are waited for.
	async eval(expression) {
		const r = await this.send('Runtime.evaluate', {expression, awaitPromise: true, returnByValue: true});
		if (r.exceptionDetails)
			throw new Error(r.exceptionDetails.exception?.description || r.exceptionDetails.text);
		return r.result.value;
	}

	// Until the next frame has been painted.
	settle(ms) {
		return this.eval(`new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done())), ${ms || 20}))`);
	}

	async key(key, modifiers) {
		const code = KEYS[key], text = code ? (key === 'Enter' ? '\r' : undefined) : key;
		const event = {key, modifiers: modifiers || 0, windowsVirtualKeyCode: code || key.toUpperCase().charCodeAt(0), text};
		await this.send('Input.dispatchKeyEvent', Object.assign({type: text ? 'keyDown' : 'rawKeyDown'}, event));
		await this.send('Input.dispatchKeyEvent', {type: 'keyUp', key, windowsVirtualKeyCode: event.windowsVirtualKeyCode});
		await this.settle();
	}

	async type(text) {
		for (const c of text)
			await this.send('Input.insertText', {text: c});
		await this.settle();
	}

	async move(x, y) {
		await this.send('Input.dispatchMouseEvent', {type: 'mouseMoved', x, y});
		await this.settle();
	}

	async click(x, y, modifiers) {
		const event = {x, y, button: 'left', clickCount: 1, modifiers: modifiers || 0};
		await this.send('Input.dispatchMouseEvent', Object.assign({type: 'mousePressed'}, event));
		await this.send('Input.dispatchMouseEvent', Object.assign({type: 'mouseReleased'}, event));
		await this.settle(350);
	}

	// The middle of an element, scrolled into sight.
	async middle(selector) {
		return this.eval(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.scrollIntoView({block: 'nearest'});
			const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()`);
	}

	async clickOn(selector) {
		const {x, y} = await this.middle(selector);
		await this.click(x, y);
	}

	async tap(x, y) {
		await this.send('Input.dispatchTouchEvent', {type: 'touchStart', touchPoints: [{x, y}]});
		await this.send('Input.dispatchTouchEvent', {type: 'touchEnd', touchPoints: []});
		await this.settle(400);
	}

	async size(width, height, mobile) {
		await this.send('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: mobile ? 2 : 1, mobile: !!mobile});
		await this.send('Emulation.setTouchEmulationEnabled', {enabled: !!mobile});
		await this.settle(60);
	}

	// {'prefers-color-scheme': 'dark'}; media 'print'
	async media(features, media) {
		await this.send('Emulation.setEmulatedMedia', {media: media || '', features: Object.entries(features || {}).map(([name, value]) => ({name, value}))});
		await this.settle(60);
	}

	// What a screen reader is given: [{role, name, level, …}] without the ignored nodes.
	async accessibility() {
		const {nodes} = await this.send('Accessibility.getFullAXTree');
		return nodes.filter((n) => !n.ignored).map((n) => Object.assign({role: n.role.value, name: n.name ? n.name.value : ''},
			...(n.properties || []).map((p) => ({[p.name]: p.value.value}))));
	}

	async screenshot(file) {
		const {data} = await this.send('Page.captureScreenshot', {format: 'png'});
		require('fs').writeFileSync(file, Buffer.from(data, 'base64'));
	}
}

async function main([chromium, profile, steps, ...rest]) {
	const child = spawn(chromium, [...FLAGS, '--user-data-dir=' + profile], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
	const page = new Page(child);
	const end = () => child.kill('SIGKILL');
	const timer = setTimeout(() => {
		console.error('browser.js: the steps take too long');
		end();
		process.exit(1);
	}, TIMEOUT_MS);
	try {
		await page.open();
		await require(path.resolve(steps))(page, (...words) => console.log(...words), ...rest);
		await page.send('Browser.close', {}, true);
	} catch (e) {
		console.error(e.stack || String(e));
		process.exitCode = 1;
		end();
	}
	clearTimeout(timer);
	child.stdio[3].destroy();
	child.stdio[4].destroy();
}

main(process.argv.slice(2));
