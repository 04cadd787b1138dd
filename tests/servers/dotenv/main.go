// Reads .env texts as Docker Compose does, for tests/golden/dotenv.jsonl:
//
//	go run . <texts.jsonl >../../golden/dotenv.jsonl
//
// Takes one JSON string a line. Prints the text with its variables by name, null for one whose value depends on other
// variables, or that compose-go refuses the whole text.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"
)

type reading struct {
	Text    string             `json:"text"`
	Refused bool               `json:"refused,omitempty"`
	Entries map[string]*string `json:"entries,omitempty"`
}

// with reads a text where every other variable has the given value.
func with(text, value string) (map[string]string, error) {
	return dotenv.UnmarshalWithLookup(text, func(string) (string, bool) { return value, true })
}

func read(text string) reading {
	one, err := with(text, "\x01")
	other, err2 := with(text, "\x02")
	if err != nil || err2 != nil {
		return reading{Text: text, Refused: true}
	}
	entries := map[string]*string{}
	for name, value := range one {
		entries[name] = nil
		if other[name] == value {
			entries[name] = &value
		}
	}
	return reading{Text: text, Entries: entries}
}

func main() {
	logrus.SetLevel(logrus.PanicLevel)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		if err := out.Encode(read(text)); err != nil {
			panic(err)
		}
	}
}
