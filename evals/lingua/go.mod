module github.com/deskhand/deskhand/evals/lingua

go 1.26.0

require (
	github.com/deskhand/deskhand v0.0.0
	github.com/pemistahl/lingua-go v1.4.0
)

require (
	github.com/shopspring/decimal v1.4.0 // indirect
	golang.org/x/exp v0.0.0-20260218203240-3dfff04db8fa // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/deskhand/deskhand => ../..
