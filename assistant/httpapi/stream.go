package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"github.com/deskhand/deskhand/assistant"
)

const (
	eventStreamType = "text/event-stream"
	// keepAliveInterval is below the shortest idle timeout that proxies are known for (30 s), with room for two.
	keepAliveInterval = 10 * time.Second
	// signsKept is more than a run reports, so that a slow client never makes the pipeline wait.
	signsKept = 64
)

// acceptedEvent says that the question is kept, and where: whoever loses the stream now reads the answer there.
type acceptedEvent struct {
	ConversationID uuid.UUID `json:"conversation_id"`
	MessageID      uuid.UUID `json:"message_id"`
}

// progressEvent says what is being done.
type progressEvent struct {
	Stage string `json:"stage"`
}

// sentenceEvent is a sentence of the answer. All breaks and texts, joined in order, are the body of the answer event.
type sentenceEvent struct {
	Break     string     `json:"break"`
	Citations []Citation `json:"citations"`
	Index     int        `json:"index"`
	Text      string     `json:"text"`
}

// publicStage is what a customer is told of a stage: what is being done, not what was found (P6).
func publicStage(stage assistant.Stage) string {
	switch stage {
	case assistant.StageRetrieve:
		return "searching"
	case assistant.StageDraft:
		return "writing"
	case assistant.StageGuard, assistant.StageConfidence, assistant.StageDecide:
		return "checking"
	case assistant.StageRedact, assistant.StageLanguage, assistant.StageTriage, assistant.StageIncident, assistant.StageHandOff:
	}
	return "reading"
}

// flight is a question on its way, in a goroutine of its own.
type flight struct {
	done  chan landing
	signs chan sign
}

// sign is what a question tells on its way: that it is kept, or which stage begins.
type sign struct {
	accepted *assistant.Run // nil where a stage begins
	stage    assistant.Stage
}

// landing is how a flight ended.
type landing struct {
	problem   *Problem
	run       assistant.Run
	sentences []assistant.ReplySentence
}

// admittedQuestion has a place until it ends, however slowly its end is read.
type admittedQuestion struct {
	assistant.Question

	leave func()
}

// launch starts a question. It ends with one landing, whoever listens.
func (s *server) launch(ctx context.Context, question admittedQuestion) *flight {
	f := &flight{done: make(chan landing, 1), signs: make(chan sign, signsKept)}
	tell := func(news sign) {
		select {
		case f.signs <- news:
		default: // progress is a courtesy
		}
	}
	question.Accepted = func(run assistant.Run) { tell(sign{accepted: &run}) }
	question.Progress = func(stage assistant.Stage) { tell(sign{stage: stage}) }
	var sentences []assistant.ReplySentence
	question.Sentence = func(sentence assistant.ReplySentence) { sentences = append(sentences, sentence) }
	ctx, cancel := s.detach(ctx)
	go func() {
		defer cancel()
		defer func() {
			if value := recover(); value != nil {
				s.logPanic(ctx, value)
				f.done <- landing{problem: newProblem(kindInternal, internalDetail)}
			}
		}()
		run, err := s.handle(ctx, question)
		if err != nil {
			f.done <- landing{problem: s.problemOf(ctx, err)}
			return
		}
		f.done <- landing{run: run, sentences: sentences}
	}()
	return f
}

// handle takes a question to its end and gives its place back, before anybody is told of the end.
func (s *server) handle(ctx context.Context, question admittedQuestion) (assistant.Run, error) {
	defer question.leave()
	return s.Assistant.Handle(ctx, question.Question)
}

// streamRenderer writes what happens to a question as events: of our own interface, or of the chat protocol.
type streamRenderer interface {
	accepted(events *eventWriter, run assistant.Run)
	end(events *eventWriter, end landing)
	fail(events *eventWriter, p *Problem)
	progress(events *eventWriter, stage assistant.Stage)
}

// answerRenderer is that of POST /v1/answers.
type answerRenderer struct{}

func (answerRenderer) accepted(events *eventWriter, run assistant.Run) {
	events.event("accepted", acceptedEvent{ConversationID: run.ConversationID, MessageID: run.MessageID})
}

// end writes the sentences of an answer one by one. The decision to send it is taken on the whole draft, and they are not
// shown before it is on record: none is ever taken back, also when a person takes over in that moment.
func (answerRenderer) end(events *eventWriter, end landing) {
	for i, sentence := range end.sentences {
		events.event("sentence", sentenceEvent{
			Break: sentence.Break, Citations: citations(sentence.Citations), Index: i, Text: sentence.Text,
		})
	}
	events.event("answer", answerResponse(end.run))
}

func (answerRenderer) fail(events *eventWriter, p *Problem) { events.event("error", p) }

func (answerRenderer) progress(events *eventWriter, stage assistant.Stage) { events.progress(stage) }

// stream answers with server-sent events. It waits for a first sign of life, so that a question that is refused at once
// gets the status of its problem.
func (s *server) stream(ctx context.Context, question admittedQuestion, render streamRenderer) (*answerOutput, error) {
	f := s.launch(ctx, question)
	var first sign
	ticker := time.NewTicker(keepAliveInterval)
	select {
	case first = <-f.signs:
	case end := <-f.done:
		if end.problem != nil {
			ticker.Stop()
			return nil, end.problem
		}
		f.done <- end
	case <-ticker.C:
	}
	r := requestFrom(ctx)
	ctx = context.WithoutCancel(ctx)
	return &answerOutput{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", eventStreamType)
		hc.SetHeader("X-Accel-Buffering", "no") // nginx would hold the events back
		hc.SetStatus(http.StatusOK)
		c := humafiber.UnwrapV2(hc)
		r.route, r.status, r.streaming = routeOf(c), http.StatusOK, true
		// The writer runs beside this handler and after it: nothing else of the request may be used there.
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer s.report(ctx, r)
			defer ticker.Stop()
			events := &eventWriter{w: w}
			show := rendering{events: events, tick: ticker.C, to: render}
			show.sign(first)
			f.follow(r, show)
		})
	}}, nil
}

// rendering is where a flight is shown.
type rendering struct {
	events *eventWriter
	tick   <-chan time.Time // for signs of life
	to     streamRenderer
}

func (show rendering) sign(news sign) {
	if news.accepted != nil {
		show.to.accepted(show.events, *news.accepted)
		return
	}
	show.to.progress(show.events, news.stage)
}

// follow writes what happens until the flight has landed, also when nobody reads any more.
func (f *flight) follow(r *request, show rendering) {
	for {
		select {
		case news := <-f.signs:
			show.sign(news)
		case <-show.tick:
			show.events.keepAlive()
		case end := <-f.done:
			for len(f.signs) > 0 {
				show.sign(<-f.signs)
			}
			if end.problem != nil {
				end.problem.RequestID, r.problem = r.id, end.problem.kind
				show.to.fail(show.events, end.problem)
				return
			}
			r.answer = end.run.Outcome
			show.to.end(show.events, end)
			return
		}
	}
}

// eventWriter writes server-sent events. A client that has left is noticed once and not written to again; how long a slow
// one may take is up to the connection's write timeout.
type eventWriter struct {
	before func() // each write; nil does nothing
	gone   bool
	stage  string
	w      *bufio.Writer
}

func (e *eventWriter) event(name string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		e.gone = true // cannot happen: the types are ours
		return
	}
	e.write("event: " + name + "\ndata: " + string(encoded) + "\n\n")
}

func (e *eventWriter) keepAlive() { e.write(": keep-alive\n\n") }

// progress tells of a stage when it means something new to the customer.
func (e *eventWriter) progress(stage assistant.Stage) {
	if public := publicStage(stage); public != e.stage {
		e.stage = public
		e.event("progress", progressEvent{Stage: public})
	}
}

func (e *eventWriter) write(text string) {
	if e.gone {
		return
	}
	if e.before != nil {
		e.before()
	}
	_, err := e.w.WriteString(text)
	if err == nil {
		err = e.w.Flush()
	}
	e.gone = err != nil
}
