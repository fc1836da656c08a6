package single

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"promql-guard/tests/conformance/fakeprom"
)

// moreGenerated asks for another number of generated conditions than generatedCount, to search for differences.
const (
	moreGenerated  = "CONFORMANCE_GENERATED"
	generatedCount = 3000
)

// TestGeneratedConditions judges conditions that nobody thought of. They are the same ones in each run.
func TestGeneratedConditions(t *testing.T) {
	count := generatedCount
	if asked, err := strconv.Atoi(os.Getenv(moreGenerated)); err == nil {
		count = asked
	}
	var addresses []string
	for _, value := range values {
		server := fakeprom.Start(always(value.answer))
		defer server.Close()
		addresses = append(addresses, server.URL)
	}
	made := generator{rand.New(rand.NewPCG(1, 2))}
	for i := range count {
		judge(t, addresses[i%len(addresses)], made.condition(), "")
	}
}

// generator writes conditions of the language's grammar, most of them well typed.
type generator struct{ *rand.Rand }

// kind is a type of the condition language.
type kind int

const (
	boolean kind = iota
	number
	array
	text
	kinds
)

// productions are the ways to write each kind: B, N, A and S stand for a part of that kind, P for a predicate on the
// element of an array.
var productions = map[kind][]string{
	boolean: {
		"N < N", "N <= N", "N > N", "N >= N", "N == N", "N != N", "B && B", "B || B", "B and B", "B or B", "!B", "not B", "(B)", "B == B", "B ? B : B",
		"N in A", "N not in A", "N in N..N", "isNaN(N)", "isInf(N)", "isNil(A)", "all(A, P)", "any(A, P)", "none(A, P)", "one(A, P)", "A == A", "A != A",
		"S == S", "S matches S", "S contains S", "S startsWith S", "S endsWith S", "S < S", "S in [S, S]", "true", "false", "let x = N; x > N", "nil == nil", "A == nil", "B ?? B", "default(A, N) == A",
	},
	number: {
		"0", "1", "2", "0.5", "1.5", "10", "1e3", "0x10", "1_000", "result[0]", "result[0]", "result[1]", "result[-1]", "result", "len(A)", "len(S)", "N + N", "N - N", "N * N", "N / N", "N % N", "N ** N", "-N", "+N", "(N)",
		"sum(A)", "mean(A)", "median(A)", "min(A)", "max(A)", "max(N, N)", "min(N, N)", "abs(N)", "ceil(N)", "floor(N)", "round(N)", "int(N)", "float(N)", "asInt(N)", "asFloat(N)", "int(S)", "float(S)", "asFloat(S)", "count(A, P)",
		"first(A)", "last(A)", "A[0]", "A[N]", "B ? N : N", "N ?? N", "reduce(A, #acc + #)", "reduce(A, #acc + #, N)", "find(A, P)", "findIndex(A, P)", "sum(A, # * N)", "bitand(N, N)", "indexOf(S, S)", "A?.[0]",
	},
	array: {
		"result", "result", "result", "[]", "[N]", "[N, N]", "[N, N, N]", "result[0:1]", "result[1:]", "result[:2]", "result[:-1]", "filter(A, P)", "map(A, # + N)", "map(A, #index)", "sort(A)", `sort(A, "desc")`, "take(A, N)", "reverse(A)",
		"uniq(A)", "concat(A, A)", "flatten([A, A])", "N..N", "1..3", "A | filter(P)", "sortBy(A, -#)", "B ? A : A",
	},
	text: {
		"''", "'a'", `"1"`, "'10'", "'1.5'", "string(N)", "toJSON(N)", "type(N)", "type(A)", "type(nil)", "S + S", "upper(S)", "lower(S)", "trim(S)", "S[0:1]", "repeat(S, 2)", "replace(S, S, S)", "join([S, S], S)", "split(S, S)[0]", "B ? S : S",
	},
}

var predicates = []string{"# > N", "# < N", "# == N", "{# >= N}", "isNaN(#)", "# != N && B", "true", "# in A", "#index < N", "N > #"}

// condition is mostly a boolean; sometimes another kind, or damaged.
func (g generator) condition() string {
	wanted := boolean
	if g.IntN(20) == 0 {
		wanted = kind(g.IntN(int(kinds)))
	}
	written := g.write(wanted, 3)
	if g.IntN(12) == 0 {
		at := g.IntN(len(written))
		written = written[:at] + written[min(len(written), at+1+g.IntN(2)):]
	}
	return written
}

func (g generator) write(wanted kind, depth int) string {
	if g.IntN(40) == 0 {
		wanted = kind(g.IntN(int(kinds)))
	}
	choices := productions[wanted]
	if depth == 0 {
		choices = leaves(choices)
	}
	return g.fill(choices[g.IntN(len(choices))], depth-1)
}

// fill writes a part in the place of each capital that stands alone.
func (g generator) fill(production string, depth int) string {
	parts := map[string]func() string{
		"B": func() string { return g.write(boolean, depth) },
		"N": func() string { return g.write(number, depth) },
		"A": func() string { return g.write(array, depth) },
		"S": func() string { return g.write(text, depth) },
		"P": func() string { return g.fill(predicates[g.IntN(len(predicates))], max(depth, 0)) },
	}
	var written strings.Builder
	for _, character := range production {
		if part, capital := parts[string(character)]; capital && depth >= 0 {
			fmt.Fprint(&written, part())
		} else {
			written.WriteRune(character)
		}
	}
	return written.String()
}

// leaves are the productions without a part.
func leaves(productions []string) []string {
	var without []string
	for _, production := range productions {
		if !strings.ContainsAny(production, "BNASP") {
			without = append(without, production)
		}
	}
	return without
}
