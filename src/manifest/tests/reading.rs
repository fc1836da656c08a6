use super::super::read::{SkippedWhy, objects, to_json};
use super::{SAMPLE, json, reading};
use crate::analysis::rollout::{StepKind, When};
use crate::analysis::template::{Field, Provider, ValueFrom};
use crate::text::span::Span;

#[test]
fn yaml_is_read_as_kubernetes_reads_it() {
    for (yaml, expected) in [
        (
            "a: yes\nb: 0x10\nc: 1.0\nd: ~\ne: 1e3",
            r#"{"a":true,"b":16,"c":1,"d":null,"e":1000}"#,
        ),
        (
            "a: !!str 5\nb: '5'\nc: !x 5",
            r#"{"a":"5","b":"5","c":"5"}"#,
        ),
        ("on: 1\n5: 2", r#"{"true":1,"5":2}"#),
        (
            "x: &x {a: 1, b: 2}\nz:\n  <<: *x\n  b: 3",
            r#"{"x":{"a":1,"b":2},"z":{"b":3,"a":1}}"#,
        ),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", r#"{"a":{"b":1,"c":3}}"#),
        ("'<<': 1", r#"{"<<":1}"#),
        ("%YAML 1.1\n---\na: b\n...\n", r#"{"a":"b"}"#),
        ("\u{FEFF}a: b", r#"{"a":"b"}"#),
        ("a:\r\n- b\r\n", r#"{"a":["b"]}"#),
        ("{\"a\":\t[1, \"\\u00e9\"]}", r#"{"a":[1,"é"]}"#),
        ("a:\tb", r#"{"a":"b"}"#),
    ] {
        assert_eq!(
            to_json(yaml).expect("it is there").to_string(),
            expected,
            "{yaml}"
        );
    }
    assert_eq!(to_json("").expect("it is there"), serde_json::Value::Null);
    assert_eq!(
        to_json("# a\n").expect("it is there"),
        serde_json::Value::Null
    );
    assert_eq!(
        objects("a: 1\n---\n---\n- b").expect("it is there").len(),
        3
    );
}

#[test]
fn a_broken_document_is_told_and_the_others_read() {
    let text = "a: 1\n---\nb: [\n---\nc: 1\nc: 2\n---\nd: {{args.x}}\n---\n? [a]\n: b\n---\ne: 1\n";
    let read = json(text);
    let told = read.iter().map(|one| match one {
        Ok(json) => json.as_str(),
        Err(told) => told.as_str(),
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            r#"{"a":1}"#,
            "12: unclosed bracket '['",
            "23: key `c` stands there twice",
            "36: expected a value, found `{{`, which opens an object; put the placeholder in quotes",
            "52: expected a text as key, found a list",
            r#"{"e":1}"#,
        ]
    );
    for (yaml, told) in [
        ("a: *b", ""),
        (
            "a: {<<: 5}",
            "expected an object or a list of objects behind `<<`, found a number",
        ),
        (
            "a: .nan",
            "expected a number that JSON can hold, found `.nan`",
        ),
        ("a: 1\n---\nb: 1", "expected one document, found 2"),
        ("~: 1", "expected a text as key, found nothing"),
    ] {
        let error = to_json(yaml).expect_err("refused").to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn a_template_is_read_with_all_its_fields() {
    let read = reading(SAMPLE);
    assert_eq!(
        (read.errors.len(), read.skipped.len(), read.resources),
        (0, 0, 1)
    );
    let template = &read.input.templates[0];
    assert_eq!(template.resource(), "AnalysisTemplate/shop's gates");
    assert_eq!(
        template.namespace.as_ref().expect("it is there").text,
        "shop"
    );
    assert_eq!(
        template.allow.as_ref().expect("it is there").text,
        "missing-condition -- on purpose"
    );
    let arguments: Vec<_> = template
        .arguments
        .iter()
        .map(|argument| {
            let value = argument.value.as_ref().map(|value| value.text.as_str());
            (argument.name.text.as_str(), value, argument.from.clone())
        })
        .collect();
    assert_eq!(
        arguments,
        [
            ("service-name", None, None),
            ("limit", Some("0.05"), None),
            ("token", None, Some(ValueFrom::Secret)),
            ("hash", Some("7bf84f9696"), None),
        ]
    );
    let names: Vec<_> = template
        .metrics
        .iter()
        .map(|metric| metric.name.text.as_str())
        .collect();
    assert_eq!(names, ["literal", "folded", "quoted", "plain", "kept"]);
    let metric = &template.metrics[0];
    assert_eq!(metric.count.as_ref().expect("it is there").text, "3");
    let unknown = &metric.unknown[0];
    assert_eq!(
        (unknown.key.text.as_str(), unknown.path.as_str()),
        ("failureLimit2", "spec.metrics[0]")
    );
    let removed = |field: &Option<Field>| {
        let place = &field.as_ref().expect("it is there").place;
        place.removal.map(|span| span.of(SAMPLE).to_owned())
    };
    // With its comment a reason would go.
    assert_eq!(removed(&metric.failure_limit), None);
    assert_eq!(removed(&metric.count), Some("      count: 3\n".to_owned()));
    let next = metric.next_key.expect("it is there");
    assert!(SAMPLE[next.offset..].starts_with("      interval: 5m"));
    assert_eq!(next.indent, 6);
    let Provider::Plugin { name, spec } = &template.metrics[1].provider else {
        panic!("{:?}", template.metrics[1].provider);
    };
    assert_eq!(name.text, "promql-guard/promql-guard");
    let paths: Vec<_> = spec
        .settings
        .iter()
        .map(|setting| setting.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "headers[0].value",
            "guard",
            "query",
            "headers[0].key",
            "headers[1].key",
            "headers[1].value"
        ]
    );
    assert_eq!(spec.json["guard"], false);
    let Provider::Prometheus(spec) = &template.metrics[2].provider else {
        panic!("{:?}", template.metrics[2].provider);
    };
    assert!(spec.is_range());
    let query = spec.query().expect("it is there");
    let at = query.text.find("\"5..\"").expect("it is there");
    let span = query.place.file_span(Span::new(at, at + 5));
    assert_eq!(span.of(SAMPLE), "\\\"5..\\\"");
}

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 5
  strategy:
    canary:
      maxSurge: 25%
      maxUnavailable: 0
      trafficRouting: {nginx: {stableIngress: shop}}
      steps:
      - setWeight: 20
      - pause: {duration: 1m}
      - pause: {}
      - setCanaryScale: {replicas: 1}
      - analysis:
          templates: [{templateName: errors}, {templateName: all, clusterScope: true}]
          args:
          - name: hash
            valueFrom: {podTemplateHashValue: Latest}
          - name: ns
            valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
      - experiment:
          analyses: [{name: e, templateName: compare}]
      - plugin: {name: a/b}
      analysis:
        startingStep: 2
        templateName: old
";

#[test]
fn a_rollout_is_read_with_its_steps_and_analyses() {
    let read = reading(ROLLOUT);
    let rollout = &read.input.rollouts[0];
    assert_eq!(rollout.resource(), "Rollout/shop");
    assert_eq!(rollout.replicas, Some(5));
    assert_eq!(rollout.max_surge.as_deref(), Some("25%"));
    assert_eq!(rollout.max_unavailable.as_deref(), Some("0"));
    assert!(rollout.has_traffic_routing);
    let kinds: Vec<_> = rollout.steps.iter().map(|step| step.kind.clone()).collect();
    assert_eq!(kinds[0], StepKind::SetWeight(Some(20)));
    assert!(matches!(&kinds[1], StepKind::Pause(Some(field)) if field.text == "1m"));
    assert_eq!(
        kinds[2..],
        [
            StepKind::Pause(None),
            StepKind::SetCanaryScale,
            StepKind::Analysis(0),
            StepKind::Experiment,
            StepKind::Other
        ]
    );
    let whens: Vec<_> = rollout.uses.iter().map(|used| used.when).collect();
    assert_eq!(
        whens,
        [When::Step(4), When::Experiment, When::Background(2)]
    );
    let used = &rollout.uses[0];
    assert!(used.templates[1].is_cluster && !used.templates[0].is_cluster);
    assert_eq!(used.arguments[0].from, Some(ValueFrom::LatestHash));
    assert!(
        matches!(&used.arguments[1].from, Some(ValueFrom::FieldRef(path)) if path.text == "metadata.namespace")
    );
    let unknown = &rollout.unknown[0];
    assert_eq!(
        (unknown.key.text.as_str(), unknown.path.as_str()),
        ("templateName", "spec.strategy.canary.analysis")
    );
}

#[test]
fn blue_green_and_experiments_refer_to_templates_too() {
    let read = reading("\
kind: Rollout
spec:
  strategy:
    blueGreen:
      prePromotionAnalysis: {templates: [{templateName: a}]}
      postPromotionAnalysis: {templates: [{templateName: b}], args: [{name: x, value: 5}]}
---
kind: Experiment
metadata: {generateName: e-}
spec: {analyses: [{name: c, templateName: c, args: [{name: t, valueFrom: {secretKeyRef: {name: s, key: k}}}]}]}
");
    let [rollout, experiment] = &read.input.rollouts[..] else {
        panic!("{:?}", read.input.rollouts);
    };
    let whens: Vec<_> = rollout.uses.iter().map(|used| used.when).collect();
    assert_eq!(whens, [When::PrePromotion, When::PostPromotion]);
    assert_eq!(
        rollout.uses[1].arguments[0]
            .value
            .as_ref()
            .expect("it is there")
            .text,
        "5"
    );
    assert_eq!(rollout.replicas, None);
    assert_eq!(experiment.name.text, "e-");
    assert_eq!(
        experiment.uses[0].arguments[0].from,
        Some(ValueFrom::Secret)
    );
    assert_eq!((experiment.unknown.len(), rollout.unknown.len()), (0, 0));
}

#[test]
fn only_whole_objects_of_these_kinds_are_read() {
    for (text, resources, errors, skipped) in [
        ("kind: AnalysisTemplate\nspec: {metrics: []}", 1, 0, None),
        ("kind: AnalysisTemplate\nspec: {templates: []}", 1, 0, None),
        (
            "kind: AnalysisTemplate\nspec: {args: []}",
            0,
            0,
            Some(SkippedWhy::KustomizePatch),
        ),
        (
            "kind: Rollout\nspec: {replicas: 3}",
            0,
            0,
            Some(SkippedWhy::KustomizePatch),
        ),
        (
            "- {op: replace, path: /spec, value: 1}",
            0,
            0,
            Some(SkippedWhy::KustomizePatch),
        ),
        ("apiVersion: v1\nkind: Service", 1, 0, None),
        (
            "apiVersion: serving.knative.dev/v1\nkind: Service",
            0,
            0,
            None,
        ),
        ("apiVersion: example.com/v1\nkind: Rollout", 0, 0, None),
        ("kind: Deployment", 0, 0, None),
        (
            "kind: List\nitems: [{kind: Service}, {kind: Service}, 5]",
            2,
            0,
            None,
        ),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplateList\nitems: [{spec: {metrics: []}}]",
            1,
            0,
            None,
        ),
        (
            "{{- if .Values.gate }}\nkind: AnalysisTemplate\n{{- end }}",
            0,
            0,
            Some(SkippedWhy::HelmTemplate),
        ),
        (
            "kind: AnalysisTemplate\nmetadata: {name: {{ .Values.name }}}\n",
            0,
            0,
            Some(SkippedWhy::HelmTemplate),
        ),
        (
            "kind: AnalysisTemplate\nspec: {metrics: [{count: {{args.count}}}]}",
            0,
            1,
            None,
        ),
        (
            "kind: AnalysisTemplate\nspec: {metrics: [{name: \"{{ .Values.x }}\"}]}",
            1,
            0,
            None,
        ),
        (
            "kind: AnalysisTemplate\nspec: {metrics: {name: x}}",
            1,
            1,
            None,
        ),
        ("kind: AnalysisTemplate\nspec: {metrics: [x]}", 1, 1, None),
        ("", 0, 0, None),
        ("just text", 0, 0, None),
    ] {
        let read = reading(text);
        let why = read.skipped.first().map(|skipped| skipped.why);
        assert_eq!(
            (read.resources, read.errors.len(), why),
            (resources, errors, skipped),
            "{text}"
        );
    }
    let told = reading("kind: AnalysisTemplate\nspec:\n  metrics: {name: x}")
        .errors
        .remove(0);
    assert_eq!(
        told.message,
        "`spec.metrics`: expected a list, found an object"
    );
    assert_eq!(told.offset, Some(40));
}
