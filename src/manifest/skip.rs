//! What a document is that is no whole object: a chart's template, or a patch.

use super::tree::{Mapping, Node};

/// Words that begin an action of a Go template (`text/template`, Sprig, Helm) and are no placeholder of Argo's.
const ACTIONS: [&str; 18] = [
    "if", "else", "end", "range", "with", "define", "block", "template", "include", "tpl",
    "toYaml", "fromYaml", "printf", "default", "required", "quote", "lookup", "fail",
];

/// Whether `document`, which is no YAML, would be once Helm has rendered it.
pub(super) fn is_chart_template(document: &str) -> bool {
    let opened = document
        .match_indices("{{")
        .map(|(at, _)| &document[at + 2..]);
    opened
        .filter_map(|rest| rest.split_once("}}"))
        .any(|(inside, _)| is_action(inside))
}

fn is_action(inside: &str) -> bool {
    if inside.starts_with("- ") || inside.ends_with(" -") || inside.starts_with("/*") {
        return true;
    }
    let inside = inside.trim();
    let word = inside.split([' ', '\t', '(']).next().unwrap_or_default();
    let is_path = inside.starts_with(['.', '$', '(']);
    is_path || ACTIONS.contains(&word)
}

/// Whether this is a list of JSON patches (RFC 6902).
pub(super) fn is_json_patch(root: &Node) -> bool {
    let is_operation = |node: &Node| node.text_at("op").is_some() && node.text_at("path").is_some();
    root.sequence()
        .is_some_and(|items| !items.is_empty() && items.iter().all(|item| is_operation(&item.node)))
}

/// Whether an object lacks what makes it one of its kind: it is put into another then.
pub(super) fn is_part(object: &Mapping, kind: &str) -> bool {
    let spec = object.get("spec").and_then(|spec| spec.value.mapping());
    let has = |key| spec.is_some_and(|spec| spec.get(key).is_some());
    match kind {
        "AnalysisTemplate" | "ClusterAnalysisTemplate" | "AnalysisRun" => {
            !has("metrics") && !has("templates")
        }
        "Rollout" => !has("strategy"),
        _ => false,
    }
}
