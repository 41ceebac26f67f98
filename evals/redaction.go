package evals

import (
	"slices"
	"strings"

	"github.com/deskhand/deskhand/assistant/redact"
)

// SecretRow is a text and what it is: a label of secretLabels, or any other for a text that must stay as it is.
type SecretRow struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// secretLabels are the labels of texts that carry a secret, as public data sets name them, beside redact's own kinds.
var secretLabels = []string{
	"bip38_encrypted_key", "hex_entropy", "hex_seed", "secret", "wif_private_key", "xprv",
	string(redact.APIKey), string(redact.BIP38Key), string(redact.CVV), string(redact.Card), string(redact.ExtendedKey),
	string(redact.Keystore), string(redact.OneTimeCode), string(redact.Password), string(redact.PrivateKey),
	string(redact.SeedPhrase), string(redact.TOTPSecret),
}

// Caught counts the texts of one label.
type Caught struct {
	Caught int `json:"caught"`
	Total  int `json:"total"`
}

// RedactionReport says which secrets were removed and what was removed without being one.
type RedactionReport struct {
	FalseAlarms int               `json:"false_alarms"`
	Harmless    int               `json:"harmless"`
	Labels      map[string]Caught `json:"labels"`
	Alarms      []string          `json:"-"` // the harmless texts that were changed
	Missed      []SecretRow       `json:"-"`
}

// Redaction measures the redactor on labelled texts.
func Redaction(redactor *redact.Redactor, rows []SecretRow) RedactionReport {
	report := RedactionReport{Labels: make(map[string]Caught)}
	for _, row := range rows {
		found := len(redactor.Redact(row.Text).Secrets()) > 0 // personal data, where it goes too, is none
		if !slices.Contains(secretLabels, row.Label) && !strings.HasPrefix(row.Label, string(redact.SeedPhrase)) {
			report.Harmless++
			if found {
				report.FalseAlarms++
				report.Alarms = append(report.Alarms, row.Text)
			}
			continue
		}
		count := report.Labels[row.Label]
		count.Total++
		if found {
			count.Caught++
		} else {
			report.Missed = append(report.Missed, row)
		}
		report.Labels[row.Label] = count
	}
	return report
}
