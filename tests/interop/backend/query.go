// SPDX-License-Identifier: Apache-2.0

// What was taken can be asked for as at Pyroscope's querier.v1.QuerierService: at most a day at once, times in milliseconds
// with both ends inclusive, a point of a series standing for what began in the step before it, profiles merged without
// their labels.
package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	day      = 24 * 3600 * 1000
	typeName = "__profile_type__"
)

type question struct {
	id, label string // profile type; of LabelValues or group_by
	selectors []string
	start     int64
	end       int64
	step      float64
}

// The fields have other numbers in each request.
func parse(method string, body []byte) (question, error) {
	var q question
	var numbers [6]int // id, selector, start, end, label, step
	switch method {
	case "ProfileTypes":
		numbers = [6]int{0, 0, 1, 2, 0, 0}
	case "LabelNames":
		numbers = [6]int{0, 1, 2, 3, 0, 0}
	case "LabelValues":
		numbers = [6]int{0, 2, 3, 4, 1, 0}
	case "SelectMergeProfile", "SelectSeries":
		numbers = [6]int{1, 2, 3, 4, 5, 6}
	default:
		return q, fmt.Errorf("no method %s", method)
	}
	all, err := fields(body)
	for _, f := range all {
		if method == "SelectMergeProfile" && f.num == 5 {
			return q, fmt.Errorf("max_nodes: the rest would be folded into \"other\"")
		}
		switch f.num {
		case numbers[0]:
			q.id = string(f.bytes)
		case numbers[1]:
			q.selectors = append(q.selectors, string(f.bytes))
		case numbers[2]:
			q.start = int64(f.value)
		case numbers[3]:
			q.end = int64(f.value)
		case numbers[4]:
			q.label = string(f.bytes)
		case numbers[5]:
			q.step = math.Float64frombits(f.value)
		}
	}
	return q, err
}

var term = regexp.MustCompile(`^(?:([a-zA-Z_][a-zA-Z0-9_]*)|("(?:[^"\\]|\\.)*"))(=|!=)("(?:[^"\\]|\\.)*")(,|$)`)

// True if a series is selected by {a="b",c!="d"}.
func selected(selector string, one *series) (bool, error) {
	if len(selector) < 2 || selector[0] != '{' || selector[len(selector)-1] != '}' {
		return false, fmt.Errorf("parse error: %q", selector)
	}
	rest := selector[1 : len(selector)-1]
	for rest != "" {
		m := term.FindStringSubmatch(rest)
		if m == nil {
			return false, fmt.Errorf("parse error at %q", rest)
		}
		name := m[1]
		if m[2] != "" {
			name, _ = strconv.Unquote(m[2])
		}
		value, err := strconv.Unquote(m[4])
		if err != nil {
			return false, err
		}
		have := one.labels[name]
		if name == typeName {
			have = one.profileType()
		}
		if (have == value) != (m[3] == "=") {
			return false, nil
		}
		rest = rest[len(m[0]):]
	}
	return true, nil
}

func (s *Server) matching(q question, from, until int64) ([]series, error) {
	var out []series
	visible := time.Now().Add(-time.Duration(s.mode.Visible) * time.Millisecond)
	for i, one := range s.kept {
		ms := one.prof.time / 1e6
		good := ms >= from && ms <= until && (q.id == "" || q.id == one.profileType()) && !one.at.After(visible)
		for _, selector := range q.selectors {
			ok, err := selected(selector, &s.kept[i])
			if err != nil {
				return nil, err
			}
			good = good && ok
		}
		if good {
			out = append(out, one)
		}
	}
	return out, nil
}

// ---- protobuf ----

func putVarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func putNumber(b []byte, num int, v uint64) []byte {
	return putVarint(putVarint(b, uint64(num)<<3), v)
}

func putBytes(b []byte, num int, v []byte) []byte {
	return append(putVarint(putVarint(b, uint64(num)<<3|2), uint64(len(v))), v...)
}

func putDouble(b []byte, num int, v float64) []byte {
	b = putVarint(b, uint64(num)<<3|1)
	bits := math.Float64bits(v)
	for i := 0; i < 8; i++ {
		b = append(b, byte(bits>>(8*i)))
	}
	return b
}

// ---- answers ----

func names(all map[string]bool) []byte {
	var sorted []string
	for name := range all {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	var b []byte
	for _, name := range sorted {
		b = putBytes(b, 1, []byte(name))
	}
	return b
}

func seriesAnswer(q question, all []series) []byte {
	step := int64(q.step * 1000)
	sums := map[string]map[int64]int64{}
	for _, one := range all {
		ms := (one.prof.time + 999999) / 1e6
		at := q.start
		if ms > q.start {
			at += (ms - q.start + step - 1) / step * step
		}
		if at > q.end {
			continue
		}
		name := one.labels[q.label]
		if sums[name] == nil {
			sums[name] = map[int64]int64{}
		}
		sums[name][at] += one.prof.nanos
	}
	var b []byte
	for name, points := range sums {
		var curve []byte
		if q.label != "" {
			curve = putBytes(curve, 1, putBytes(putBytes(nil, 1, []byte(q.label)), 2, []byte(name)))
		}
		var times []int64
		for at := range points {
			times = append(times, at)
		}
		sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
		for _, at := range times {
			curve = putBytes(curve, 2, putNumber(putDouble(nil, 1, float64(points[at])), 2, uint64(at)))
		}
		b = putBytes(b, 1, curve)
	}
	return b
}

// Profiles one behind the other: strings and ids of each are moved up by what was before.
type merge struct {
	strings, mappings, locations, functions uint64
	table                                   [][]byte
	out                                     []byte
}

// The message with the numbers in `ids` (field to offset) moved, 0 staying 0.
func moved(b []byte, ids map[int]uint64, nested map[int]map[int]uint64) []byte {
	var out []byte
	all, _ := fields(b)
	for _, f := range all {
		switch {
		case nested[f.num] != nil:
			out = putBytes(out, f.num, moved(f.bytes, nested[f.num], nil))
		case f.bytes != nil && ids[f.num] != 0: // packed ids
			var list []byte
			values, _ := packed(f.bytes)
			for _, v := range values {
				list = putVarint(list, v+ids[f.num])
			}
			out = putBytes(out, f.num, list)
		case f.bytes != nil:
			out = putBytes(out, f.num, f.bytes)
		case f.value != 0:
			out = putNumber(out, f.num, f.value+ids[f.num])
		}
	}
	return out
}

func (m *merge) add(plain []byte) {
	first := m.out == nil
	base := *m
	if !first {
		base.strings = uint64(len(m.table))
	}
	all, _ := fields(plain)
	for _, f := range all {
		switch f.num {
		case 1, 11:
			if first {
				m.out = putBytes(m.out, f.num, f.bytes)
			}
		case 12:
			if first {
				m.out = putNumber(m.out, 12, f.value)
			}
		case 2:
			m.out = putBytes(m.out, 2, moved(f.bytes, map[int]uint64{1: base.locations}, map[int]map[int]uint64{3: {1: base.strings, 2: base.strings, 4: base.strings}}))
		case 3:
			m.out = putBytes(m.out, 3, moved(f.bytes, map[int]uint64{1: base.mappings, 5: base.strings, 6: base.strings}, nil))
			m.mappings++
		case 4:
			m.out = putBytes(m.out, 4, moved(f.bytes, map[int]uint64{1: base.locations, 2: base.mappings}, map[int]map[int]uint64{4: {1: base.functions}}))
			m.locations++
		case 5:
			m.out = putBytes(m.out, 5, moved(f.bytes, map[int]uint64{1: base.functions, 2: base.strings, 3: base.strings, 4: base.strings}, nil))
			m.functions++
		case 6:
			m.table = append(m.table, f.bytes)
		}
	}
}

func merged(all []series) []byte {
	var m merge
	for _, one := range all {
		m.add(one.plain)
	}
	for i, text := range m.table {
		if i > 0 && len(text) == 0 {
			text = []byte{} // an empty one may be there again
		}
		m.out = putBytes(m.out, 6, text)
	}
	return m.out
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.current()
	s.stats.Requests++
	if s.misbehave(w, r, m, 0) {
		return
	}
	if m.Querier != 0 {
		refuse(w, m.Querier, "told", "no questions")
		return
	}
	q, err := parse(method, body)
	if err == nil && method != "ProfileTypes" && (q.start <= 0 || q.end <= 0 || q.end < q.start) {
		err = fmt.Errorf("missing time range in the query")
	}
	if err == nil && q.end-q.start > day {
		err = fmt.Errorf("the query time range exceeds the limit (query length: %ds, limit: 1d)", (q.end-q.start)/1000)
	}
	if err == nil && method == "SelectSeries" && q.step <= 0 {
		err = fmt.Errorf("step must be a positive number")
	}
	if oldest := time.Now().UnixMilli() - int64(m.Lookback)*1000; m.Lookback != 0 && q.start < oldest {
		q.start = oldest // without a word; an end before that finds nothing
	}
	from := q.start
	if method == "SelectSeries" {
		from -= int64(q.step*1000) - 1
	}
	var all []series
	if err == nil {
		all, err = s.matching(q, from, q.end)
	}
	if err != nil {
		refuse(w, 400, "invalid_argument", err.Error())
		return
	}
	var answer []byte
	found := map[string]bool{}
	switch method {
	case "ProfileTypes":
		for i := range all {
			found[all[i].profileType()] = true
		}
		for id := range found {
			answer = putBytes(answer, 1, putBytes(nil, 1, []byte(id)))
		}
	case "LabelNames":
		for _, one := range all {
			for k := range one.labels {
				found[k] = true
			}
		}
		answer = names(found)
	case "LabelValues":
		for _, one := range all {
			if v := one.labels[q.label]; v != "" {
				found[v] = true
			}
		}
		answer = names(found)
	case "SelectSeries":
		answer = seriesAnswer(q, all)
	case "SelectMergeProfile":
		answer = merged(all)
	}
	if m.Type == "" {
		w.Header().Set("Content-Type", "application/proto")
	}
	if m.Cut {
		answer = answer[:len(answer)/2]
	}
	if m.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		_, _ = zw.Write(answer)
		_ = zw.Close()
		return
	}
	_, _ = w.Write(answer)
}
