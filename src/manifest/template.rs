//! An AnalysisTemplate, ClusterAnalysisTemplate or AnalysisRun into `analysis::template`.

use super::keys;
use super::object::{Listed, Reader, under};
use super::tree::{Content, Mapping, Node};
use crate::analysis::template::{Kind, MetricSpec, Provider, QuerySpec, Setting, Template};

impl Reader<'_> {
    /// `root` is all of the object.
    pub(super) fn template(&mut self, root: &Mapping, kind: Kind) -> Template {
        let metadata = self.metadata(root);
        self.check(root, "", keys::OBJECT);
        let mut template = Template {
            kind,
            name: metadata.name,
            namespace: metadata.namespace,
            arguments: Vec::new(),
            metrics: Vec::new(),
            dry_run: Vec::new(),
            templates: Vec::new(),
            allow: metadata.allow,
            unknown: Vec::new(),
        };
        if let Some((_, spec)) = self.object(root, "", "spec") {
            let known = match kind {
                Kind::AnalysisRun => keys::RUN_SPEC,
                _ => keys::TEMPLATE_SPEC,
            };
            self.check(spec, "spec", known);
            template.arguments = self.arguments(spec, "spec");
            template.dry_run = self.dry_run(spec, "spec");
            template.templates = self.template_refs(spec, "spec");
            template.unknown = std::mem::take(&mut self.unknown);
            template.metrics = self.metrics(spec);
        } else {
            template.unknown = std::mem::take(&mut self.unknown);
        }
        template
    }

    fn metrics(&mut self, spec: &Mapping) -> Vec<MetricSpec> {
        let items = spec.get("metrics").and_then(|entry| entry.value.sequence());
        let mut metrics = Vec::new();
        for listed in self.objects(spec, "spec", "metrics") {
            let mut metric = self.metric(&listed.path, listed.node, listed.object);
            metric.place.removal = self
                .source
                .item_removal(items.unwrap_or_default(), listed.index);
            metrics.push(metric);
        }
        metrics
    }

    fn metric(&mut self, path: &str, node: &Node, object: &Mapping) -> MetricSpec {
        self.check(object, path, keys::METRIC);
        let provider = self.provider(object, path);
        MetricSpec {
            name: self.name(node, object),
            interval: self.field(object, "interval"),
            initial_delay: self.field(object, "initialDelay"),
            count: self.field(object, "count"),
            success_condition: self.filled(object, "successCondition"),
            failure_condition: self.filled(object, "failureCondition"),
            failure_limit: self.field(object, "failureLimit"),
            inconclusive_limit: self.field(object, "inconclusiveLimit"),
            consecutive_error_limit: self.field(object, "consecutiveErrorLimit"),
            consecutive_success_limit: self.field(object, "consecutiveSuccessLimit"),
            provider,
            unknown: std::mem::take(&mut self.unknown),
            place: self.source.bare(node.span).place,
            next_key: self.source.next_key(object),
        }
    }

    fn provider(&mut self, metric: &Mapping, path: &str) -> Provider {
        let Some((_, provider)) = self.object(metric, path, "provider") else {
            return Provider::Missing;
        };
        let path = under(path, "provider");
        self.check(provider, &path, keys::PROVIDER);
        if let Some((node, settings)) = self.object(provider, &path, "prometheus") {
            self.check_prometheus(settings, &under(&path, "prometheus"));
            return Provider::Prometheus(self.query_spec(node));
        }
        if let Some((_, plugins)) = self.object(provider, &path, "plugin")
            && let Some(entry) = plugins.entries.first()
        {
            return Provider::Plugin {
                name: self.source.key(plugins, 0),
                spec: self.query_spec(&entry.value),
            };
        }
        let is_known = |name: &str| keys::PROVIDER.contains(&name);
        let entries = &provider.entries;
        if entries.is_empty() {
            return Provider::Missing;
        }
        let known = entries.iter().position(|entry| is_known(&entry.name));
        Provider::Other(self.source.key(provider, known.unwrap_or(0)))
    }

    fn check_prometheus(&mut self, settings: &Mapping, path: &str) {
        self.check(settings, path, keys::PROMETHEUS);
        if let Some((_, range)) = self.object(settings, path, "rangeQuery") {
            self.check(range, &under(path, "rangeQuery"), keys::RANGE_QUERY);
        }
        for Listed { path, object, .. } in self.objects(settings, path, "headers") {
            self.check(object, &path, keys::HEADER);
        }
        let Some((_, authentication)) = self.object(settings, path, "authentication") else {
            return;
        };
        let path = under(path, "authentication");
        self.check(authentication, &path, keys::AUTHENTICATION);
        for (key, known) in [("oauth2", keys::OAUTH2), ("sigv4", keys::SIGV4)] {
            if let Some((_, object)) = self.object(authentication, &path, key) {
                self.check(object, &under(&path, key), known);
            }
        }
    }

    fn query_spec(&self, node: &Node) -> QuerySpec {
        let mut settings = Vec::new();
        self.settings(node, "", &mut settings);
        settings.sort_by_key(|setting: &Setting| setting.field.place.span.start);
        QuerySpec {
            settings,
            json: node.to_json(),
            place: self.source.bare(node.span).place,
        }
    }

    /// Every scalar below `node`, which stands at `path`.
    fn settings(&self, node: &Node, path: &str, found: &mut Vec<Setting>) {
        match &node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    if item.node.scalar().is_some() {
                        let field = self.source.node(&item.node);
                        found.push(Setting { path, field });
                    } else {
                        self.settings(&item.node, &path, found);
                    }
                }
            }
            Content::Mapping(mapping) => {
                for (index, entry) in mapping.entries.iter().enumerate() {
                    let path = under(path, &entry.name);
                    if entry.value.is_null() {
                        continue;
                    }
                    if entry.value.scalar().is_some() {
                        let field = self.source.value(mapping, index);
                        found.push(Setting { path, field });
                    } else {
                        self.settings(&entry.value, &path, found);
                    }
                }
            }
        }
    }
}
