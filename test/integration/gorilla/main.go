// An application on gorilla/sessions, as Leapkit's sessions are made, driven by lines of JSON.
//
// Each line on standard input is a request {"keys": [...], "name", "do", "cookie", "set"}; the answer is
// a line on standard output.
package main

import (
	"bufio"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

type Address struct {
	City string
	Zip  *string
}

type User struct {
	Name    string
	Age     int
	Admin   bool
	Score   float64
	Born    time.Time
	Address Address
	Before  []Address
	Tags    []string
	Rooms   map[string]int
	Any     interface{}
	Next    *User
	hidden  string
}

type Plain struct {
	X, Y int8
	Grid [2][2]uint16
}

type Level string

func init() {
	// Leapkit: RegisterSessionTypes(User{}, Address{})
	for _, value := range []interface{}{
		User{}, &Address{}, Plain{}, Level(""), time.Time{},
		map[string]interface{}{}, map[interface{}]interface{}{}, map[int]string{}, [3]int{}, []Plain{},
	} {
		gob.Register(value)
	}
}

type request struct {
	Keys   []string
	Name   string
	Do     string
	Cookie string
	Set    string
}

func pairs(keys []string) [][]byte {
	all := [][]byte{}
	for _, key := range keys {
		if key == "" {
			all = append(all, nil)
			continue
		}
		bytes, err := hex.DecodeString(key)
		if err != nil {
			panic(err)
		}
		all = append(all, bytes)
	}
	return all
}

func text(value string) *string { return &value }

// What a handler puts into the session.
var fills = map[string]func(*sessions.Session){
	"signed in": func(s *sessions.Session) {
		s.Values["user"] = User{
			Name: "Péter", Age: 42, Admin: true, Score: 1.5,
			Born:    time.Date(1984, 2, 29, 12, 30, 15, 678000000, time.FixedZone("CET", 3600)),
			Address: Address{City: "Paris", Zip: text("75001")},
			Before:  []Address{{City: "Lyon"}, {}},
			Tags:    []string{"a", "b"},
			Rooms:   map[string]int{"blue": 1},
			Any:     &Address{City: "Nice"},
			Next:    &User{Name: "Next"},
		}
		s.Values["home"] = &Address{City: "Rome"}
		s.AddFlash("welcome!")
		s.AddFlash("peter", "username_flash")
	},
	"everything": func(s *sessions.Session) {
		s.Values["bool"] = true
		s.Values["false"] = false
		s.Values["int"] = -42
		s.Values["int8"] = int8(-128)
		s.Values["int64"] = int64(math.MinInt64)
		s.Values["uint8"] = uint8(255)
		s.Values["uint64"] = uint64(math.MaxUint64)
		s.Values["float32"] = float32(0.5)
		s.Values["float64"] = 1e300
		s.Values["nan"] = math.NaN()
		s.Values["infinity"] = math.Inf(-1)
		s.Values["string"] = "šé\x00😀"
		s.Values["empty"] = ""
		s.Values["bytes"] = []byte{0, 1, 255}
		s.Values["ints"] = []int{1, -1, 1 << 40}
		s.Values["strings"] = []string{"a", ""}
		s.Values["array"] = [3]int{1, 0, 3}
		s.Values["list"] = []interface{}{1, "two", nil, []interface{}{3.5}, Plain{X: 1}, User{Name: "in a list"}}
		s.Values["map"] = map[string]interface{}{"a": 1, "b": map[string]interface{}{"__proto__": "x"}}
		s.Values["mixed"] = map[interface{}]interface{}{1: "one", "two": 2}
		s.Values["numbered"] = map[int]string{7: "seven"}
		s.Values["time"] = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s.Values["zero time"] = time.Time{}
		s.Values["plain"] = Plain{X: -1, Y: 2, Grid: [2][2]uint16{{1, 2}, {3, 65535}}}
		s.Values["plains"] = []Plain{{X: 1}, {}}
		s.Values["level"] = Level("gold")
		s.Values["__proto__"] = "a value"
		s.Values["constructor"] = "another"
	},
	"nothing":  func(*sessions.Session) {},
	"complex":  func(s *sessions.Session) { s.Values["z"] = complex(1, 2) },
	"numbered": func(s *sessions.Session) { s.Values[5] = "five" },
	"binary":   func(s *sessions.Session) { s.Values["text"] = "\xff\xfe" },
	"deep": func(s *sessions.Session) {
		var value interface{} = "core"
		for i := 0; i < 300; i++ {
			value = []interface{}{value}
		}
		s.Values["deep"] = value
	},
}

func answer(r request) map[string]interface{} {
	store := sessions.NewCookieStore(pairs(r.Keys)...)
	store.MaxAge(store.Options.MaxAge)
	for _, codec := range store.Codecs {
		// The tests of bounds need more than a browser keeps.
		codec.(*securecookie.SecureCookie).MaxLength(0)
	}
	incoming := httptest.NewRequest("GET", "/", nil)
	if r.Cookie != "" {
		incoming.AddCookie(&http.Cookie{Name: r.Name, Value: r.Cookie})
	}
	session, err := store.Get(incoming, r.Name)
	if err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	if r.Do == "read" {
		read := map[string]string{}
		for key, value := range session.Values {
			read[fmt.Sprint(key)] = fmt.Sprintf("%T %+v", value, value)
		}
		if user, ok := session.Values["user"].(User); ok {
			whole, _ := json.Marshal(user)
			read["user"] = string(whole)
		}
		return map[string]interface{}{"isNew": session.IsNew, "values": read}
	}
	fills[r.Set](session)
	recorder := httptest.NewRecorder()
	if err := session.Save(incoming, recorder); err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	return map[string]interface{}{"cookie": recorder.Result().Cookies()[0].Value}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			panic(err)
		}
		line, err := json.Marshal(answer(r))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
