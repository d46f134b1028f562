// SPDX-License-Identifier: Apache-2.0
/*
 * value.js - three significant digits, never NaN, never infinite; what has no ratio is "new" or
 * "gone". `facts` knows the unit.
 */
culprit.value = (function () {
	const MINUS = '\u2212', TIMES = '\u00d7', SMALLEST = 1e-6;

	function three(v) {
		if (!(v > 0) || !isFinite(v))
			return '0';
		if (v < SMALLEST)
			return '<0.000001';
		return v >= 1000 ? count(v) : v.toFixed(Math.max(0, 2 - Math.floor(Math.log10(v * 1.0005))));
	}

	function plain(facts, v) {
		return facts.unit === 'samples' && v >= 0 && v < 1e15 && v === Math.floor(v) ? count(v) : three(v);
	}

	function delta(facts, v) {
		return (v < 0 ? MINUS : v > 0 ? '+' : '') + plain(facts, Math.abs(v));
	}

	function ratio(a, b) {
		if (a > 0 && b > 0)
			return TIMES + (b / a >= 1e6 ? '>1000000' : three(b / a));
		return b > 0 ? 'new' : a > 0 ? 'gone' : '\u2013';
	}

	function percent(share) {
		if (share > 0 && share < 0.0005)
			return '<0.1%';
		return (share > 0 && isFinite(share) ? share * 100 : 0).toFixed(1) + '%';
	}

	// 1234567 → 1,234,567
	function count(n) {
		return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ',');
	}

	function unit(facts) {
		return {cores: 'cores', seconds: 's'}[facts.unit] || 'samples';
	}

	return {plain, delta, ratio, percent, count, unit, MINUS, TIMES};
})();
