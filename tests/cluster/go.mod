module promql-guard/tests/cluster

go 1.26.1

require (
	github.com/rogpeppe/go-internal v1.15.0
	golang.org/x/tools v0.26.0
)

require golang.org/x/sys v0.26.0 // indirect
