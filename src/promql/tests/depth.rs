//! Trees of the greatest depth on the stack of a spawned thread, and hostile texts.

use super::super::limits;
use super::stock;

/// What Rust gives a spawned thread.
const STACK: usize = 2 << 20;

/// Beginning, what is repeated before and behind the middle, the middle, and the end.
const SHAPES: [(&str, &str, &str, &str, &str); 11] = [
    ("", "(", "1", ")", ""),
    ("", "-", "a", "", ""),
    ("", "abs(", "a", ")", ""),
    ("", "sum by (x) (", "a", ")", ""),
    ("", "", "a", " + on (x) group_left () a", ""),
    ("", "", "a", " or a", ""),
    ("", "a ^ ", "a", "", ""),
    ("", "max_over_time(", "a", "[1m:])", ""),
    ("a[", "(", "1", ")", "]"),
    ("a[", "", "1", " + 1", "]"),
    ("a[", "max_of(1, ", "1", ")", "]"),
];

fn shaped(shape: (&str, &str, &str, &str, &str), count: usize) -> String {
    let (begin, before, middle, behind, end) = shape;
    let (before, behind) = (before.repeat(count), behind.repeat(count));
    format!("{begin}{before}{middle}{behind}{end}")
}

#[test]
fn the_deepest_trees_are_read_walked_cloned_printed_and_dropped() {
    let work = || {
        for shape in SHAPES {
            // The deepest that is still read, whatever a level of this shape costs.
            let deepest = (1..=limits::DEPTH)
                .rev()
                .find_map(|count| stock(&shaped(shape, count)).ok())
                .unwrap();
            let copy = deepest.expr.clone();
            assert!(copy == deepest.expr);
            let mut nodes = 0;
            copy.walk(&mut |_| nodes += 1);
            assert!(nodes > 0);
            assert!(format!("{copy:?}").len() > limits::DEPTH);
            assert!(stock(&copy.to_string()).is_ok(), "{shape:?}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn what_is_deeper_is_refused() {
    let limit = limits::DEPTH;
    for shape in SHAPES {
        let error = stock(&shaped(shape, limit)).unwrap_err();
        assert!(
            matches!(error.kind, super::super::ParseErrorKind::TooDeep { .. }),
            "{shape:?}: {error}"
        );
        assert!(
            stock(&shaped(shape, limit / 2 - 2)).is_ok(),
            "{shape:?} is not read at half the depth"
        );
    }
}

#[test]
fn a_mebibyte_of_anything_is_answered() {
    let whole = |begin: &str, unit: &str, end: &str| {
        let count = (limits::TEXT - begin.len() - end.len()) / unit.len();
        format!("{begin}{}{end}", unit.repeat(count))
    };
    for (begin, unit, end) in [
        ("", "(", ""),
        ("", "-", ""),
        ("", "1+", ""),
        ("", "a or ", ""),
        ("", "sum(", ""),
        ("", "sum(a,", ""),
        ("", "a[5m", ""),
        ("", "{", ""),
        ("", "\"", ""),
        ("", "'a'", ""),
        ("", "`", ""),
        ("", "#", ""),
        ("", "#\n", ""),
        ("", "0x", ""),
        ("", "1_", ""),
        ("", "1h", ""),
        ("", "x:", ""),
        ("", "\u{F8FE}", ""),
        ("", "fill ", ""),
        ("{", "a=\"b\",", "}"),
        ("{\"", "\\\\", "\"}"),
        ("{a=~`", "(", "`}"),
        ("{a=~`", "(a)", "`}"),
        ("{a=~`", "a|", "`}"),
        ("{a=~`", "[", "`}"),
        ("{a=~`[", "[:", "]`}"),
        ("{a=~`[", "[:^", "]`}"),
        ("{a=~`", "a{1", "`}"),
        ("{a=~`", r"\Qa", "`}"),
        ("sum by (", "a,", ") (x)"),
        ("a + on (", "a,", ") b"),
        ("label_join(a, \"b\"", ", \"c\"", ")"),
        ("a[", "-", "1]"),
        ("a[1", "+1", "]"),
    ] {
        // Whatever the answer is: it comes, and it points into the text.
        let text = whole(begin, unit, end);
        if let Err(error) = stock(&text) {
            assert!(error.span.end <= text.len(), "{begin}{unit}{end}");
            assert!(error.to_string().len() < 400, "{begin}{unit}{end}: {error}");
        }
    }
    let long = " ".repeat(limits::TEXT) + "a";
    assert_eq!(
        stock(&long).unwrap_err().to_string(),
        "the query is longer than 1048576 bytes"
    );
}

/// Any piece of a text that is cut or joined is answered, and errors point at whole characters.
#[test]
fn pieces_of_queries_are_answered() {
    let texts = [
        "sum by (a, \"é.b\") (rate(x{a=\"b\\n\\x41\", c=~`\\d+|é`, 'd'!~'e'}[5m:1m] @ start() offset -1h30m)) > bool 0x1F",
        "a * on (b) group_left (c) d[max_of(5m, 2 * step()) + 1m:] anchored # é\n</ 5.5e-3",
    ];
    for text in texts {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            for piece in [&text[..end], &text[end..]] {
                let Err(error) = super::all(piece) else {
                    continue;
                };
                let span = error.span;
                assert!(piece.get(span.range()).is_some(), "{piece}: {span:?}");
            }
        }
    }
}
