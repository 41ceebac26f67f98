package httpapi

import (
	"context"
	"errors"
	"net/netip"

	"github.com/deskhand/deskhand/assistant"
	"github.com/deskhand/deskhand/assistant/admission"
	"github.com/deskhand/deskhand/assistant/postgres"
)

const (
	admitted       = "admitted" // within all limits
	admittedUrgent = "urgent"   // beyond a limit, but for a person
	refusedPrefix  = "refused_" // and the limit
	notStored      = " The question was not stored: send it again after the seconds that Retry-After says."
)

// admit lets a question in, or says when to send it again. Beyond a limit, the rules and the classifier look at it first: what
// must reach a person is let in (P3, P7). That takes no database and no model, and what is refused has not been stored, so
// the caller is told to keep it.
func (s *server) admit(ctx context.Context, question assistant.Question) (leave func(), problem *Problem) {
	leave, err := s.Gate.Enter(ctx, s.visitOf(ctx, question))
	if err == nil {
		s.metrics.admissions.WithLabelValues(admitted).Inc()
		return leave, nil
	}
	if s.Assistant.MustHandOff(question) {
		return s.admitUrgent(ctx)
	}
	return nil, s.refusal(ctx, err)
}

// admitUrgent lets a case for a person in.
func (s *server) admitUrgent(ctx context.Context) (leave func(), problem *Problem) {
	leave, err := s.Gate.EnterUrgent(ctx)
	if err != nil {
		return nil, s.refusal(ctx, err)
	}
	s.metrics.admissions.WithLabelValues(admittedUrgent).Inc()
	return leave, nil
}

// refusal is the problem of a question that was not let in. 429 is the caller's doing, 503 is ours.
func (s *server) refusal(ctx context.Context, err error) *Problem {
	refused, ok := errors.AsType[*admission.Refusal](err)
	if !ok {
		return s.problemOf(ctx, err)
	}
	s.metrics.admissions.WithLabelValues(refusedPrefix + string(refused.Limit)).Inc()
	var p *Problem
	switch refused.Limit {
	case admission.LimitVisitor:
		p = newProblem(kindRate, "Too many questions came from this visitor."+notStored)
	case admission.LimitKey:
		p = newProblem(kindRate, "Too many questions came with this key."+notStored)
	case admission.LimitPlaces, admission.LimitTotal:
		p = newProblem(kindOverloaded, "More questions come in than can be answered."+notStored)
	}
	p.retryAfter = refused.RetryAfter
	return p
}

// visitOf says whom a question counts for: the customer that the host site vouches for, else the network it came from.
func (s *server) visitOf(ctx context.Context, question assistant.Question) admission.Visit {
	r := requestFrom(ctx)
	visit := admission.Visit{Key: r.key.ID.String()}
	switch {
	case question.Customer.Known():
		visit.Visitor = "customer " + visit.Key + " " + question.Customer.Ref
	case isVisitor(r.place):
		visit.Visitor = "network " + r.place.Network
	}
	return visit
}

// isVisitor reports whether a place is one on the internet. A private address is a proxy that --trusted-proxy does not name, with
// everybody behind it, or the desk's own network: as one visitor it would shut all of them out.
func isVisitor(place postgres.Place) bool {
	address, err := netip.ParseAddr(place.Network)
	if err != nil {
		prefix, err := netip.ParsePrefix(place.Network)
		if err != nil {
			return false
		}
		address = prefix.Addr()
	}
	return onInternet(address)
}

func onInternet(address netip.Addr) bool {
	return !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast() && !address.IsUnspecified()
}
