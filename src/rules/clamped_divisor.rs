//! A divisor that is held up, so that no traffic reads as health.

use std::time::Duration;

use crate::lint::conditions::Verdict;
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::rule::Check;
use crate::promql::Query;
use crate::promql::ast::{BinaryOp, Call, Expr, ExprKind};
use crate::promql::literal::literal;
use crate::promql::select::counter_calls;
use crate::text::float::go_float;

rule! {
    /// ## What it does
    ///
    /// Finds `clamp_min` around a divisor of counter functions that holds it up noticeably, or makes an idle canary pass.
    ///
    /// ## Why it matters
    ///
    /// It is written against the NaN of a canary without traffic. But 0 failures over a divisor held up are 0, as if all
    /// were well; and below the bound the share is one of the bound, not of the traffic.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// query: sum(rate(app_errors_total{namespace="shop"}[5m])) / clamp_min(sum(rate(app_requests_total{namespace="shop"}[5m])), 1)
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    ///
    /// ## Write instead
    ///
    /// ```yaml
    /// query: sum(rate(app_errors_total{namespace="shop"}[5m])) / sum(rate(app_requests_total{namespace="shop"}[5m]))
    /// successCondition: len(result) > 0 && result[0] < 0.05
    /// ```
    "clamped-divisor", "a divisor held up makes no traffic look healthy",
    Counters, levels: [Warn],
    check: Check::Query(check),
}

/// Events a second from which the bound changes shares of ordinary traffic.
const NOTICEABLE: f64 = 0.01;

fn check(gate: &Gate<'_>, query: &Query, out: &mut Findings<'_>) {
    let idle_passes = gate
        .table
        .as_ref()
        .and_then(|table| table.reachable("idle"))
        == Some(Verdict::Successful);
    query.expr.walk(&mut |node| {
        let Some((clamp, bound)) = clamped_divisor(node) else {
            return;
        };
        let Some(per_second) = per_second(&clamp.args[0], bound) else {
            return;
        };
        let spot = gate.in_query(clamp.name_span.to(clamp.args[1].span));
        let written = gate.in_query(clamp.args[1].span).text;
        if idle_passes {
            out.warn(
                spot,
                format!("`clamp_min(…, {written})` turns no traffic into a share that passes"),
            )
            .help("leave it out: without traffic the share is NaN, which no comparison passes");
        } else if per_second >= NOTICEABLE {
            out.warn(
                spot,
                format!(
                    "below {} a second the share is one of the bound, not of the traffic",
                    go_float(per_second)
                ),
            )
            .help("leave `clamp_min` out, or take a bound far below the least traffic");
        }
    });
}

/// `… / clamp_min(divisor, bound)`
fn clamped_divisor(node: &Expr) -> Option<(&Call, f64)> {
    let ExprKind::Binary(binary) = &node.kind else {
        return None;
    };
    if binary.op != BinaryOp::Divide {
        return None;
    }
    let clamp = binary.right.unwrapped().call("clamp_min")?;
    let bound = literal(clamp.args.get(1)?)?;
    Some((clamp, bound))
}

/// The bound as events a second; none where nothing below counts events.
fn per_second(divisor: &Expr, bound: f64) -> Option<f64> {
    let calls = counter_calls(divisor);
    let call = calls.first()?;
    match call.function {
        "rate" | "irate" => Some(bound),
        "increase" => {
            let window = u64::try_from(call.window.milliseconds()?).ok()?;
            Some(bound / Duration::from_millis(window).as_secs_f64())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{found, said};

    #[test]
    fn the_bound_is_told_as_it_is_written() {
        let gate = "query: sum(rate(e_total[5m])) / clamp_min(sum(rate(t_total[5m])), 1e-9)\n\
                    successCondition: result[0] < 0.05";
        let told = said(super::RULE.name, gate);
        assert!(told[0].contains("`clamp_min(…, 1e-9)`"), "{told:?}");
    }

    #[test]
    fn divisors_held_up() {
        let share = |divisor: &str| format!("query: sum(rate(e_total[5m])) / {divisor}\n");
        for (divisor, condition, expected) in [
            (
                "clamp_min(sum(rate(t_total[5m])), 1)",
                "successCondition: result[0] > 0.5",
                1,
            ),
            (
                "clamp_min(sum(rate(t_total[5m])), 1e-9)",
                "successCondition: result[0] < 0.05",
                1,
            ),
            (
                "clamp_min(sum(rate(t_total[5m])), 1e-9)",
                "successCondition: result[0] > 0.5",
                0,
            ),
            (
                "clamp_min(sum(increase(t_total[5m])), 1)",
                "successCondition: result[0] > 0.5",
                0,
            ),
            (
                "clamp_min(sum(increase(t_total[5m])), 30)",
                "successCondition: result[0] > 0.5",
                1,
            ),
            (
                "sum(rate(t_total[5m]))",
                "successCondition: result[0] < 0.05",
                0,
            ),
            (
                "clamp_min(sum(t), 1)",
                "successCondition: result[0] < 0.05",
                0,
            ),
        ] {
            assert_eq!(
                found(super::RULE.name, &format!("{}{condition}", share(divisor))).len(),
                expected,
                "{divisor} {condition}"
            );
        }
    }
}
