// Package prompts holds every word that deskhand says without an article behind it: the reviewed fixed texts that customers
// read, in 14 languages, and the instructions that the model reads.
//
// Both are files beside the code (texts/*.yaml, draft.tmpl), embedded, and rendered by typed functions only. Version is a
// hash over all of them; it is stored with every run, so that a decision can be explained by the words in force then (P9).
// The package decides nothing about when a text is used.
package prompts

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"
)

//go:embed texts/*.yaml draft.tmpl
var files embed.FS

// DefaultLanguage is the language of a text that does not exist in the customer's.
const DefaultLanguage = "en"

// Languages are the BCP 47 tags in which every fixed text exists.
func Languages() []string {
	return []string{"en", "zh-Hans", "zh-Hant", "vi", "tr", "ru", "ko", "es", "pt", "id", "ar", "ja", "de", "fr"}
}

// Key names a fixed text.
type Key string

// The fixed texts.
const (
	AckAdded                 Key = "ack.added"     // a message reached a case that a person holds
	AckAuthority             Key = "ack.authority" // court, police, regulator
	AckCase                  Key = "ack.case"      // a case that only a person may answer
	AckComplaint             Key = "ack.complaint"
	AckDeceased              Key = "ack.deceased"
	AckDelay                 Key = "ack.delay" // no answer in time: a person will take it
	AckHuman                 Key = "ack.human" // the customer asked for a person
	AckLegal                 Key = "ack.legal" // lawyer, lawsuit, press, ombudsman
	AckMinor                 Key = "ack.minor"
	AckUnsure                Key = "ack.unsure"       // no answer that is sure enough
	AskAge                   Key = "ask.age"          // how long ago
	AskAsset                 Key = "ask.asset"        // which coin
	AskNetwork               Key = "ask.network"      // which network
	AskOffTopic              Key = "ask.off_topic"    // not a question for this desk
	AskUnclear               Key = "ask.unclear"      // too little to go by
	ChannelFake              Key = "channel.fake"     // {contact} is a known fake
	ChannelList              Key = "channel.list"     // {channels}: all there are
	ChannelOfficial          Key = "channel.official" // {contact} is ours
	ChannelUnknown           Key = "channel.unknown"  // {contact} is not on the list: treat it as not ours
	CollectAddress           Key = "collect.address"  // what follows is one fact with its purpose
	CollectAmount            Key = "collect.amount"
	CollectAsset             Key = "collect.asset"
	CollectCountry           Key = "collect.country"
	CollectDevice            Key = "collect.device"
	CollectError             Key = "collect.error"
	CollectHappened          Key = "collect.happened"
	CollectIntro             Key = "collect.intro" // above what a person asks the customer for
	CollectMemo              Key = "collect.memo"
	CollectNetwork           Key = "collect.network"
	CollectNever             Key = "collect.never" // below it
	CollectOrder             Key = "collect.order"
	CollectPlatform          Key = "collect.platform"
	CollectProduct           Key = "collect.product"
	CollectReach             Key = "collect.reach"
	CollectReference         Key = "collect.reference"
	CollectSeen              Key = "collect.seen"
	CollectSetting           Key = "collect.setting"
	CollectShared            Key = "collect.shared"
	CollectTime              Key = "collect.time"
	CollectTxID              Key = "collect.txid"
	CollectWithdrawal        Key = "collect.withdrawal"
	ComplaintProgress        Key = "complaint.progress" // a complaint is still being looked into
	ContainAPIKey            Key = "contain.api_key"
	ContainAccountTakeover   Key = "contain.account_takeover"
	ContainMFALost           Key = "contain.mfa_lost"
	ContainPhishing          Key = "contain.phishing"
	ContainSIMSwap           Key = "contain.sim_swap"
	ContainScam              Key = "contain.scam"
	ContainSecret            Key = "contain.secret" // a secret was typed into the chat
	ContainUnknownWithdrawal Key = "contain.unknown_withdrawal"
	ContainWalletDrained     Key = "contain.wallet_drained"
	ContainWithdrawalCancel  Key = "contain.withdrawal_cancel"
	CrisisExtortion          Key = "crisis.extortion"
	CrisisSelfHarm           Key = "crisis.self_harm"
	DraftIncident            Key = "draft.incident"      // what a lead starts from when many customers ask the same
	FollowUp                 Key = "follow_up"           // some days after a resolution: did it help?
	NoteGeneralInfo          Key = "note.general_info"   // below an answer that cannot look at the customer's own case
	NoteSecretRemoved        Key = "note.secret_removed" // above the reply to a message that carried a secret
	RefuseAdvice             Key = "refuse.advice"       // which coin to buy
	RequestPerson            Key = "request.person"      // what the customer says by pressing "talk to a person"
)

// parameters are the {names} that each text must contain; a text of any other key contains none.
var parameters = map[Key][]string{
	ChannelFake:     {"contact"},
	ChannelList:     {"channels"},
	ChannelOfficial: {"contact"},
	ChannelUnknown:  {"contact"},
}

// Keys returns the keys of all fixed texts.
func Keys() []Key {
	return []Key{
		AckAdded, AckAuthority, AckCase, AckComplaint, AckDeceased, AckDelay, AckHuman, AckLegal, AckMinor, AckUnsure,
		AskAge, AskAsset, AskNetwork, AskOffTopic, AskUnclear, ChannelFake, ChannelList, ChannelOfficial, ChannelUnknown,
		CollectAddress, CollectAmount, CollectAsset, CollectCountry, CollectDevice, CollectError, CollectHappened, CollectIntro,
		CollectMemo, CollectNetwork, CollectNever, CollectOrder, CollectPlatform, CollectProduct, CollectReach, CollectReference,
		CollectSeen, CollectSetting, CollectShared, CollectTime, CollectTxID, CollectWithdrawal,
		ComplaintProgress, ContainAPIKey, ContainAccountTakeover, ContainMFALost, ContainPhishing, ContainSIMSwap, ContainScam,
		ContainSecret, ContainUnknownWithdrawal, ContainWalletDrained, ContainWithdrawalCancel, CrisisExtortion, CrisisSelfHarm,
		DraftIncident, FollowUp, NoteGeneralInfo, NoteSecretRemoved, RefuseAdvice, RequestPerson,
	}
}

// Args are the values of a text's {parameters}.
type Args map[string]string

// Library is the set of texts and prompts of a build. It is read-only and safe for concurrent use.
type Library struct {
	agent   *template.Template
	draft   *draftTemplate
	texts   map[string]map[Key]string // by language
	version string
}

// New reads the embedded files. It fails when a text is missing in a language or has other parameters than it must.
func New() (*Library, error) {
	library := &Library{texts: make(map[string]map[Key]string)}
	hash := sha256.New()
	for _, language := range Languages() {
		name := "texts/" + language + ".yaml"
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read fixed texts: %w", err)
		}
		hash.Write(content)
		texts := make(map[Key]string)
		if err := yaml.UnmarshalWithOptions(content, &texts, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		if err := check(texts); err != nil {
			return nil, fmt.Errorf("check %s: %w", name, err)
		}
		library.texts[language] = texts
	}
	source, err := fs.ReadFile(files, "draft.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read draft prompt: %w", err)
	}
	hash.Write(source)
	hash.Write(draftSchema) // its descriptions are words that the model reads
	if library.draft, err = newDraftTemplate(string(source)); err != nil {
		return nil, err
	}
	if library.agent, err = newAgentTemplate(); err != nil {
		return nil, err
	}
	library.version = hex.EncodeToString(hash.Sum(nil)[:6])
	return library, nil
}

// WithDraft returns a library with another draft prompt, a template like the built-in draft.tmpl: for a candidate that is compared with it.
// It fails when the template cannot be rendered.
func (l *Library) WithDraft(source string) (*Library, error) {
	other := *l
	var err error
	if other.draft, err = newDraftTemplate(source); err != nil {
		return nil, err
	}
	if _, err := other.Draft(DraftInput{}); err != nil {
		return nil, err
	}
	other.version = other.draft.version
	return &other, nil
}

// All returns a fixed text without parameters in every language.
func (l *Library) All(key Key) map[string]string {
	texts := make(map[string]string, len(l.texts))
	for language := range l.texts {
		texts[language] = l.Text(key, language, nil)
	}
	return texts
}

// Text returns a fixed text in a language, with its parameters filled in; in English where the language is not one of
// Languages. Values are inserted as they are: escaping is the business of whoever renders the text.
func (l *Library) Text(key Key, language string, args Args) string {
	texts, ok := l.texts[language]
	if !ok {
		texts = l.texts[DefaultLanguage]
	}
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(strings.TrimSpace(texts[key]))
}

// DraftVersion identifies what the model reads to draft, whatever the fixed texts say: 12 hexadecimal digits.
func (l *Library) DraftVersion() string { return l.draft.version }

// Version identifies the words of this build: 12 hexadecimal digits.
func (l *Library) Version() string { return l.version }

// check finds texts that are missing, unknown, empty, or whose parameters are not those of their key.
func check(texts map[Key]string) error {
	var problems []error
	for _, key := range Keys() {
		text := texts[key]
		if strings.TrimSpace(text) == "" {
			problems = append(problems, fmt.Errorf("text %q is missing", key))
			continue
		}
		for _, parameter := range parameters[key] {
			if !strings.Contains(text, "{"+parameter+"}") {
				problems = append(problems, fmt.Errorf("text %q lacks the parameter {%s}", key, parameter))
			}
		}
		if strings.Count(text, "{") != len(parameters[key]) {
			problems = append(problems, fmt.Errorf("text %q has a parameter that nothing fills", key))
		}
	}
	for key := range texts {
		if !slices.Contains(Keys(), key) {
			problems = append(problems, fmt.Errorf("text %q is unknown", key))
		}
	}
	return errors.Join(problems...)
}
