// SPDX-License-Identifier: Apache-2.0
/*
 * data.js - reads the blocks of render/html_data.h.
 *
 *	await bytes(id)		the block's bytes: base64 and gzip taken off
 *	decode(bytes)		→ {facts, frames, tree}
 *	await load(id)		both
 *	new Reader(bytes)	num(), nums(cnt, array), text(len): for blocks of other kinds
 *
 * frames: {cnt, strings, name, module, kind, fn, fns}. name and module index strings; fn tells which
 * function a frame is (frames of one name are one function, whatever module they are in; a label is
 * none of them); fns[i] = {name, frame}, frame one of them.
 */
culprit.data = (function () {
	async function bytes(id) {
		const text = atob(document.getElementById(id).textContent.trim());
		const packed = new Uint8Array(text.length);
		for (let i = 0; i < text.length; i++)
			packed[i] = text.charCodeAt(i);
		const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
		return new Uint8Array(await new Response(plain).arrayBuffer());
	}

	class Reader {
		constructor(all) {
			this.all = all;
			this.at = 0;
		}

		// LEB128; beyond 2^31 bit operations would lose digits.
		num() {
			const all = this.all;
			let v = 0, unit = 1, c;
			do {
				if (this.at >= all.length)
					throw new Error('the data ends too early');
				c = all[this.at++];
				v += (c & 127) * unit;
				unit *= 128;
			} while (c & 128);
			return v;
		}

		nums(cnt, array) {
			for (let i = 0; i < cnt; i++)
				array[i] = this.num();
			return array;
		}

		take(len) {
			if (this.at + len > this.all.length)
				throw new Error('the data ends too early');
			this.at += len;
			return this.all.subarray(this.at - len, this.at);
		}

		text(len) {
			return new TextDecoder().decode(this.take(len));
		}
	}

	function readStrings(r) {
		const cnt = r.num(), lengths = r.nums(cnt, new Uint32Array(cnt));
		return Array.from(lengths, (len) => r.text(len));
	}

	// Which function each frame is.
	function nameFunctions(frames) {
		const seen = new Map();
		frames.fn = new Uint32Array(frames.cnt);
		frames.fns = [];
		for (let f = 0; f < frames.cnt; f++) {
			const kind = frames.kind[f], sort = kind < culprit.KIND.LABEL ? 0 : kind;
			const key = frames.name[f] * 256 + sort;
			if (!seen.has(key)) {
				seen.set(key, frames.fns.length);
				frames.fns.push({name: frames.strings[frames.name[f]], frame: f});
			}
			frames.fn[f] = seen.get(key);
		}
	}

	function readFrames(r) {
		const frames = {strings: readStrings(r), cnt: r.num()};
		frames.name = r.nums(frames.cnt, new Uint32Array(frames.cnt));
		frames.module = r.nums(frames.cnt, new Uint32Array(frames.cnt));
		frames.kind = r.take(frames.cnt).slice();
		nameFunctions(frames);
		return frames;
	}

	// Self samples: zigzag, less what the weight makes one expect.
	function readSamples(r, tree, facts, side) {
		const own = tree.own[side], cnt = new Float64Array(tree.cnt);
		let whole = 0;
		for (let n = 0; n < tree.cnt; n++)
			whole += own[n];
		const rate = whole ? facts.samples[side] / whole : 0;
		for (let n = 0; n < tree.cnt; n++) {
			const z = r.num();
			cnt[n] = (z % 2 ? -(z + 1) / 2 : z / 2) + Math.floor(own[n] * rate + 0.5);
		}
		return cnt;
	}

	function readTree(r, frames, facts) {
		const cnt = r.num(), tree = new culprit.Tree(frames, facts, cnt);
		for (let n = 1; n < cnt; n++) {
			let parent = n - 1;
			for (let up = r.num(); up > 0; up--)
				parent = tree.parent[parent];
			tree.parent[n] = parent;
			tree.depth[n] = tree.depth[parent] + 1;
		}
		r.nums(cnt, tree.frame);
		for (let side = facts.single ? 1 : 0; side < 2; side++)
			r.nums(cnt, tree.own[side]);
		for (let side = 0; side < 2; side++)
			if (facts.counted[side])
				tree.ownCnt[side] = readSamples(r, tree, facts, side);
		r.nums(cnt, tree.hidden);
		if (facts.lines)
			r.nums(cnt, tree.lines);
		for (let side = 0; side < 2; side++)
			for (let n = 0; n < cnt; n++)
				tree.own[side][n] *= facts.scale[side];
		if (facts.basis === 'windows')
			tree.readSpread(r.take(cnt), r.take(cnt), r.take(cnt));
		if (facts.basis === 'windows')
			for (let k = r.num(); k > 0; k--)
				tree.readFunction(r.num(), r.take(3));
		return tree.finish();
	}

	function decode(all) {
		const r = new Reader(all);
		if (r.text(4) !== 'CPT1')
			throw new Error('no data of this kind');
		const facts = JSON.parse(r.text(r.num()));
		const frames = readFrames(r);
		return {facts, frames, tree: readTree(r, frames, facts)};
	}

	async function load(id) {
		return decode(await bytes(id));
	}

	return {bytes, decode, load, Reader};
})();
