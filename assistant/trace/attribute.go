package trace

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// detailAttributes are the details of a step as attributes: plain values as they are, lists of hits and the like in JSON, as
// the record keeps them.
func detailAttributes(detail map[string]any) []attribute.KeyValue {
	attributes := make([]attribute.KeyValue, 0, len(detail))
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		key := attribute.Key("deskhand." + name)
		value := reflect.ValueOf(detail[name])
		switch {
		case !value.IsValid():
		case value.Kind() == reflect.String:
			attributes = append(attributes, key.String(value.String()))
		case value.Kind() == reflect.Bool:
			attributes = append(attributes, key.Bool(value.Bool()))
		case value.CanInt():
			attributes = append(attributes, key.Int64(value.Int()))
		case value.CanFloat():
			attributes = append(attributes, key.Float64(value.Float()))
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.String:
			attributes = append(attributes, key.StringSlice(stringsOf(value)))
		default:
			if encoded, err := json.Marshal(detail[name]); err == nil {
				attributes = append(attributes, key.String(string(encoded)))
			}
		}
	}
	return attributes
}

// stringsOf is a slice of some kind of string as plain strings.
func stringsOf(value reflect.Value) []string {
	plain := make([]string, value.Len())
	for i := range plain {
		plain[i] = value.Index(i).String()
	}
	return plain
}
