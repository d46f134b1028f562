// SPDX-License-Identifier: Apache-2.0

// A backend for tests: takes pushes as Pyroscope's distributor does, with a decoder of its own, checks what that would
// refuse, and can be told to misbehave in every way that real ones do.
//
//	backend -listen 127.0.0.1:0 -dir DIR [-cert FILE -key FILE [-client-ca FILE]]
//
// Prints its URL, then serves. POST /control sets the mode, GET /stats tells what was taken. Each profile that was taken
// is kept once as DIR/<n>.pb.gz, with a line "n TAB labels TAB time TAB nanoseconds TAB sha256 of the pprof" in
// DIR/taken.tsv.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// How it behaves; all of it may be set by POST /control with a JSON object.
type Mode struct {
	Status     int    `json:"status"`      // answer with this, take nothing; 0: behave
	Message    string `json:"message"`     // of that answer
	RetryAfter string `json:"retry_after"` // a header of that answer
	First      int    `json:"first"`       // only for so many requests; 0: for all
	Sleep      int    `json:"sleep_ms"`    // before an answer
	Reset      bool   `json:"reset"`       // close without an answer, after taking
	Half       bool   `json:"half"`        // half an answer, after taking
	Truncate   bool   `json:"truncate"`    // close after half of the request, take nothing
	Poison     string `json:"poison"`      // 500 for a request with this process
	Querier    int    `json:"querier"`     // answer questions with this; pushes are taken
	Forget     bool   `json:"forget"`      // answer 200, store nothing
	Reject     string `json:"reject"`      // 400 for a request with this process
	MaxBody    int64  `json:"max_body"`    // 413 above
	Authorize  string `json:"authorize"`   // what Authorization must be; else 401
	Tenant     string `json:"tenant"`      // what X-Scope-OrgID must be; else 401
	Cut        bool   `json:"cut"`         // half of an answer of the querier
	Partial    bool   `json:"partial"`     // with reject: the others of the request are taken all the same
	Body       string `json:"body"`        // answer with status (200) and this, as somebody on the way would; take nothing
	Type       string `json:"type"`        // Content-Type of each answer
	Visible    int    `json:"visible_ms"`  // what is taken is shown to questions so long afterwards
	Gzip       bool   `json:"gzip"`        // questions are answered with gzip, if the client may be
	Lookback   int    `json:"lookback_s"`  // questions reach back so far
}

type Stats struct {
	Requests   int            `json:"requests"`
	Profiles   int            `json:"profiles"`   // distinct (labels, time)
	Duplicates int            `json:"duplicates"` // taken again, the same bytes
	Conflicts  int            `json:"conflicts"`  // taken again, other bytes
	Unordered  int            `json:"unordered"`  // older than one of the same labels before
	Nanos      int64          `json:"nanoseconds"`
	Refused    map[string]int `json:"refused"`
	Largest    int            `json:"largest"` // pprof before gzip
	Plain      int64          `json:"plain"`   // bytes of all that
	Bytes      int64          `json:"bytes"`   // of all requests' bodies
	Headers    []string       `json:"headers"` // of the last request
	Beats      int            `json:"beats"`
	Left       int            `json:"left"` // requests for which the mode goes on; 0: it is over, or for all
}

type Server struct {
	mu     sync.Mutex
	mode   Mode
	stats  Stats
	seen   map[string][32]byte
	latest map[string]int64
	kept   []series // for the querier
	dir    string
	taken  *os.File
}

// ---- protobuf, as much as is needed ----

type field struct {
	num   int
	bytes []byte
	value uint64
}

func varint(b []byte) (uint64, []byte, error) {
	var v uint64
	for i := 0; i < len(b) && i < 10; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, b[i+1:], nil
		}
	}
	return 0, nil, errors.New("bad varint")
}

func fields(b []byte) ([]field, error) {
	var all []field
	for len(b) > 0 {
		key, rest, err := varint(b)
		if err != nil {
			return nil, err
		}
		f := field{num: int(key >> 3)}
		switch key & 7 {
		case 0:
			if f.value, rest, err = varint(rest); err != nil {
				return nil, err
			}
		case 1:
			if len(rest) < 8 {
				return nil, errors.New("bad double")
			}
			f.value, rest = binary.LittleEndian.Uint64(rest), rest[8:]
		case 2:
			n, r, err := varint(rest)
			if err != nil || n > uint64(len(r)) {
				return nil, errors.New("bad length")
			}
			f.bytes, rest = r[:n], r[n:]
		default:
			return nil, fmt.Errorf("wire type %d", key&7)
		}
		all = append(all, f)
		b = rest
	}
	return all, nil
}

func packed(b []byte) ([]uint64, error) {
	var all []uint64
	for len(b) > 0 {
		v, rest, err := varint(b)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		b = rest
	}
	return all, nil
}

// ---- what a distributor refuses ----

type profile struct {
	kind  string // sample type and period type, as a profile type's id ends
	time  int64
	nanos int64
	cnt   int
}

func numbers(f field) ([]uint64, error) {
	if f.bytes == nil {
		return []uint64{f.value}, nil
	}
	return packed(f.bytes)
}

func check(plain []byte) (*profile, error) {
	var strs [][]byte
	var samples, locations []field
	types, times := 0, 0
	var kinds [2]field // sample type, period type
	ids := map[int]map[uint64]bool{3: {}, 4: {}, 5: {}}
	p := &profile{}
	all, err := fields(plain)
	if err != nil {
		return nil, err
	}
	period := false
	for _, f := range all {
		switch f.num {
		case 1:
			types++
			kinds[0] = f
		case 2:
			samples = append(samples, f)
		case 3, 4, 5:
			sub, err := fields(f.bytes)
			if err != nil {
				return nil, err
			}
			var id uint64
			for _, s := range sub {
				if s.num == 1 {
					id = s.value
				}
			}
			if id != uint64(len(ids[f.num])+1) {
				return nil, fmt.Errorf("table %d: id %d is not dense", f.num, id)
			}
			ids[f.num][id] = true
			if f.num == 4 {
				locations = append(locations, f)
			}
		case 6:
			if !utf8.Valid(f.bytes) {
				return nil, fmt.Errorf("string %q is not UTF-8", f.bytes)
			}
			strs = append(strs, f.bytes)
		case 9:
			p.time = int64(f.value)
			times++
		case 11:
			period = true
			kinds[1] = f
		}
	}
	if types != 1 || !period || times != 1 || p.time <= 0 {
		return nil, fmt.Errorf("%d sample types, period type %v, time %d", types, period, p.time)
	}
	if len(strs) == 0 || len(strs[0]) != 0 {
		return nil, errors.New("string table does not begin with the empty string")
	}
	for _, l := range locations {
		sub, _ := fields(l.bytes)
		lines := 0
		for _, s := range sub {
			if s.num == 2 && s.value != 0 && !ids[3][s.value] {
				return nil, errors.New("a location of an unknown mapping")
			}
			if s.num == 4 {
				lines++
				line, err := fields(s.bytes)
				if err != nil || len(line) == 0 || line[0].num != 1 || !ids[5][line[0].value] {
					return nil, errors.New("a line of an unknown function")
				}
			}
		}
		if lines != 1 { // of several some readers see the last one only
			return nil, fmt.Errorf("a location with %d lines", lines)
		}
	}
	for _, f := range kinds {
		var words [3]string // type, unit
		parts, _ := fields(f.bytes)
		for _, part := range parts {
			if part.num < 1 || part.num > 2 || part.value >= uint64(len(strs)) {
				return nil, errors.New("a value type without words")
			}
			words[part.num] = string(strs[part.value])
		}
		if strings.Contains(words[1], "-") {
			return nil, fmt.Errorf("sample type %q", words[1])
		}
		p.kind += ":" + words[1] + ":" + words[2]
	}
	if len(samples) > 16000 {
		return nil, fmt.Errorf("%d samples", len(samples))
	}
	for _, s := range samples {
		sub, err := fields(s.bytes)
		if err != nil {
			return nil, err
		}
		for _, f := range sub {
			switch f.num {
			case 1:
				locs, err := numbers(f)
				if err != nil {
					return nil, err
				}
				for _, l := range locs {
					if !ids[4][l] {
						return nil, errors.New("a sample of an unknown location")
					}
				}
			case 2:
				values, err := numbers(f)
				if err != nil || len(values) != 1 || int64(values[0]) <= 0 {
					return nil, fmt.Errorf("values %v", values)
				}
				p.nanos += int64(values[0])
			case 3:
				label, _ := fields(f.bytes)
				for _, l := range label {
					if l.num == 2 && l.value != 0 {
						return nil, errors.New("a string label: each makes a series")
					}
				}
			}
		}
		p.cnt++
	}
	return p, nil
}

func checkLabels(labels map[string]string) error {
	if (labels["__name__"] != "process_cpu" && labels["__name__"] != "off_cpu") || labels["service_name"] == "" {
		return fmt.Errorf("labels %v: __name__ or service_name is missing", labels)
	}
	if len(labels) > 30 {
		return fmt.Errorf("%d labels", len(labels))
	}
	for k, v := range labels {
		if len(k) > 1024 || len(v) > 2048 || v == "" || !utf8.ValidString(v) {
			return fmt.Errorf("label %q=%q", k, v)
		}
		for i, c := range k {
			if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
				return fmt.Errorf("label name %q", k)
			}
		}
	}
	return nil
}

type series struct {
	key    string // labels, sorted
	labels map[string]string
	gz     []byte
	plain  []byte
	prof   *profile
	at     time.Time // when it was taken
}

func (s *series) profileType() string {
	return s.labels["__name__"] + s.prof.kind
}

func decode(body []byte) ([]series, error) {
	var out []series
	all, err := fields(body)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		s := series{labels: map[string]string{}}
		sub, err := fields(f.bytes)
		if f.num != 1 || err != nil {
			return nil, errors.New("no series")
		}
		for _, g := range sub {
			parts, err := fields(g.bytes)
			if err != nil {
				return nil, err
			}
			if g.num == 1 && len(parts) == 2 {
				k := string(parts[0].bytes)
				if _, twice := s.labels[k]; twice {
					return nil, fmt.Errorf("label %s twice", k)
				}
				s.labels[k] = string(parts[1].bytes)
			} else if g.num == 2 {
				s.gz = parts[0].bytes
			}
		}
		zr, err := gzip.NewReader(bytes.NewReader(s.gz))
		if err != nil {
			return nil, err
		}
		if s.plain, err = io.ReadAll(io.LimitReader(zr, 64<<20)); err != nil {
			return nil, err
		}
		if len(s.plain) > 4<<20 {
			return nil, fmt.Errorf("%d bytes of profile", len(s.plain))
		}
		if err = checkLabels(s.labels); err != nil {
			return nil, err
		}
		if s.prof, err = check(s.plain); err != nil {
			return nil, err
		}
		var keys []string
		for k, v := range s.labels {
			keys = append(keys, k+"="+v)
		}
		sort.Strings(keys)
		s.key = strings.Join(keys, ",")
		out = append(out, s)
	}
	return out, nil
}

// ---- answers ----

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
}

func (s *Server) take(all []series) {
	for _, one := range all {
		key := fmt.Sprintf("%s@%d", one.key, one.prof.time)
		one.at = time.Now()
		sum := sha256.Sum256(one.plain)
		if old, there := s.seen[key]; there {
			if old == sum {
				s.stats.Duplicates++
			} else {
				s.stats.Conflicts++
			}
			continue
		}
		if one.prof.time < s.latest[one.key] {
			s.stats.Unordered++
		} else {
			s.latest[one.key] = one.prof.time
		}
		s.seen[key] = sum
		s.kept = append(s.kept, one)
		s.stats.Profiles++
		s.stats.Nanos += one.prof.nanos
		s.stats.Plain += int64(len(one.plain))
		if len(one.plain) > s.stats.Largest {
			s.stats.Largest = len(one.plain)
		}
		n := s.stats.Profiles
		if n <= 2000 {
			_ = os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("%d.pb.gz", n)), one.gz, 0o644)
		}
		fmt.Fprintf(s.taken, "%d\t%s\t%d\t%d\t%x\n", n, one.key, one.prof.time, one.prof.nanos, sum)
	}
}

// The mode for this request; those that are for the first few run out.
func (s *Server) current() Mode {
	m := s.mode
	if m.First > 0 {
		if s.mode.First--; s.mode.First == 0 {
			s.mode = Mode{Authorize: m.Authorize, Tenant: m.Tenant}
		}
	}
	return m
}

func (s *Server) count(what string) {
	s.stats.Refused[what]++
}

// Capabilities of a client are parameters in its Accept header, so a real one parses it, strictly.
func malformed(accept []string) bool {
	for _, line := range accept {
		for _, part := range strings.Split(line, ",") {
			if _, _, err := mime.ParseMediaType(part); err != nil {
				return true
			}
		}
	}
	return false
}

// What the mode refuses before anything is looked at. True: it was answered.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, m Mode, size int) bool {
	if m.Type != "" {
		w.Header().Set("Content-Type", m.Type)
	}
	switch {
	case m.Body != "":
		s.count("body")
		if m.Status != 0 {
			w.WriteHeader(m.Status)
		}
		_, _ = io.WriteString(w, m.Body)
	case malformed(r.Header.Values("Accept")):
		s.count("400")
		refuse(w, 400, "invalid_argument", "failed to parse Accept header")
	case m.Authorize != "" && r.Header.Get("Authorization") != m.Authorize,
		m.Tenant != "" && r.Header.Get("X-Scope-OrgID") != m.Tenant:
		s.count("401")
		refuse(w, 401, "unauthenticated", "no org id")
	case m.Status != 0:
		s.count(fmt.Sprint(m.Status))
		if m.RetryAfter != "" {
			w.Header().Set("Retry-After", m.RetryAfter)
		}
		refuse(w, m.Status, "told", m.Message)
	case m.MaxBody != 0 && int64(size) > m.MaxBody:
		s.count("413")
		refuse(w, 413, "told", "request entity too large")
	default:
		return false
	}
	return true
}

// Closes without a word; what the other side has still to say is lost, too.
func reset(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

func (s *Server) push(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.current()
	if m.Truncate {
		s.stats.Requests++
		s.count("truncated")
		s.mu.Unlock()
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		reset(w)
		return
	}
	s.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 256<<20))
	s.mu.Lock()
	s.stats.Requests++
	s.stats.Bytes += int64(len(body))
	s.stats.Headers = nil
	for k, v := range r.Header {
		s.stats.Headers = append(s.stats.Headers, k+": "+strings.Join(v, ","))
	}
	sort.Strings(s.stats.Headers)
	s.mu.Unlock()
	time.Sleep(time.Duration(m.Sleep) * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.misbehave(w, r, m, len(body)) {
		return
	}
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/proto" {
		s.count("415")
		refuse(w, 415, "unknown", "content type")
		return
	}
	all, derr := decode(body)
	if err != nil || derr != nil {
		s.count("400")
		refuse(w, 400, "invalid_argument", fmt.Sprint(err, derr))
		return
	}
	if m.Partial && m.Reject != "" { // each series is tried, and the answer tells of those that failed
		var good []series
		for _, one := range all {
			if one.labels["process"] != m.Reject {
				good = append(good, one)
			}
		}
		if s.take(good); len(good) != len(all) {
			s.count("400")
			refuse(w, 400, "invalid_argument", "push series with index 0 failed: profile is rejected")
			return
		}
	}
	for _, one := range all {
		if m.Poison != "" && one.labels["process"] == m.Poison {
			s.count("poison")
			refuse(w, 500, "unknown", "runtime error: invalid memory address or nil pointer dereference")
			return
		}
		if m.Reject != "" && one.labels["process"] == m.Reject {
			s.count("400")
			refuse(w, 400, "invalid_argument", "profile with labels '{}' is rejected")
			return
		}
	}
	if m.Forget {
		s.count("forgotten")
		w.Header().Set("Content-Type", "application/proto")
		return
	}
	s.take(all)
	if m.Half {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
			_ = conn.Close()
		}
		return
	}
	if m.Reset {
		reset(w)
		return
	}
	if m.Type == "" {
		w.Header().Set("Content-Type", "application/proto")
	}
}

func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var m Mode
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		refuse(w, 400, "control", err.Error())
		return
	}
	s.mu.Lock()
	s.mode = m
	s.mu.Unlock()
}

func (s *Server) tell(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.taken.Sync()
	s.stats.Left = s.mode.First
	_ = json.NewEncoder(w).Encode(s.stats)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	dir := flag.String("dir", ".", "where to keep what is taken")
	cert := flag.String("cert", "", "TLS certificate")
	key := flag.String("key", "", "its key")
	ca := flag.String("client-ca", "", "clients must have a certificate of this authority")
	flag.Parse()
	taken, err := os.Create(filepath.Join(*dir, "taken.tsv"))
	if err != nil {
		panic(err)
	}
	s := &Server{dir: *dir, taken: taken, seen: map[string][32]byte{}, latest: map[string]int64{},
		stats: Stats{Refused: map[string]int{}}}
	mux := http.NewServeMux()
	mux.HandleFunc("/push.v1.PusherService/Push", s.push)
	mux.HandleFunc("/querier.v1.QuerierService/", s.query)
	mux.HandleFunc("/beat/", func(http.ResponseWriter, *http.Request) {
		s.mu.Lock()
		s.stats.Beats++
		s.mu.Unlock()
	})
	mux.HandleFunc("/control", s.control)
	mux.HandleFunc("/stats", s.tell)
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: mux}
	if *cert == "" {
		fmt.Printf("http://%s\n", l.Addr())
		panic(server.Serve(l))
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			panic(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		server.TLSConfig = &tls.Config{ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	}
	fmt.Printf("https://localhost:%d\n", l.Addr().(*net.TCPAddr).Port)
	panic(server.ServeTLS(l, *cert, *key))
}
