//! A metric as the rules see it: its query parsed, its conditions checked, its limits read, its truth table made.

use std::cell::OnceCell;
use std::time::Duration;

use crate::analysis::metric::Metric;
use crate::analysis::settings::{Dialect, Guard, NoData};
use crate::analysis::template::{Field, MetricSpec, Provider, QuerySpec, Template};
use crate::lint::build::is_misspelt;
use crate::lint::conditions::{Condition, Conditions};
use crate::lint::context::Scene;
use crate::lint::finding::{FileEdit, Fix, Spot};
use crate::lint::findings::Subject;
use crate::lint::isolation::Isolation;
use crate::lint::settings::Settings;
use crate::lint::table::Table;
use crate::promql::class::{Class, Classified, class};
use crate::promql::outcome::Labels;
use crate::promql::{Features, Options, ParseError, Query, parse};
use crate::text::filled::Filled;
use crate::text::place::Place;
use crate::text::span::Span;

/// A metric of a template.
#[derive(Debug)]
pub struct Gate<'a> {
    /// The template in its surroundings.
    pub scene: &'a Scene<'a>,
    /// The metric as written.
    pub metric: &'a MetricSpec,
    /// Which of the template's metrics.
    pub index: usize,
    /// Who measures it.
    pub engine: Engine,
    /// Its query; none where another provider measures it, or none is written.
    pub query: Option<QueryText<'a>>,
    /// Its conditions.
    pub conditions: Conditions,
    /// Its limits, arguments filled in.
    pub limits: Limits,
    /// Its phases; none without a query that parses, or with a condition that cannot be repaired.
    pub table: Option<Table>,
    /// What several rules ask.
    pub(super) asked: Asked,
}

/// What several rules ask of a gate, found out by the first.
#[derive(Debug, Default)]
pub(super) struct Asked {
    is_dry_run: OnceCell<bool>,
    class: OnceCell<Classified>,
    pub(super) isolation: OnceCell<Isolation>,
}

/// Who measures a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Argo's own Prometheus provider.
    BuiltIn,
    /// This plugin.
    Plugin {
        /// How much of its guard rails hold.
        guard: Guard,
        /// What no data become.
        no_data: NoData,
        /// What language the query is.
        dialect: Dialect,
        /// Whether `namespace` is set.
        has_namespace: bool,
        /// What `fallback` is set to, in bits; see [`Engine::fallback`].
        fallback: Option<u64>,
    },
    /// Something that takes no PromQL.
    Other,
}

impl Engine {
    /// Whether Successful is withheld where there are no data: rules that rest on the cells without data alone are silent.
    pub fn guards_no_data(self) -> bool {
        matches!(self, Engine::Plugin { guard: Guard::Enforce, no_data, .. } if no_data != NoData::Condition)
    }

    /// Whether sums over a slice are completed by zeros before they are sent.
    pub fn completes_zeros(self) -> bool {
        matches!(
            self,
            Engine::Plugin {
                guard: Guard::Enforce,
                ..
            }
        )
    }

    /// Whether this plugin measures.
    pub fn is_plugin(self) -> bool {
        matches!(self, Engine::Plugin { .. })
    }

    /// The plugin's `fallback`, as `or on() vector(N)` around the whole query.
    pub fn fallback(self) -> Option<f64> {
        match self {
            Engine::Plugin { fallback, .. } => fallback.map(f64::from_bits),
            _ => None,
        }
    }
}

/// A query and its tree.
#[derive(Debug)]
pub struct QueryText<'a> {
    /// As written.
    pub field: &'a Field,
    /// With the values that are known here.
    pub filled: Filled,
    /// Its tree, or why there is none; syntax behind feature flags is taken too.
    pub parsed: Result<Query, ParseError>,
    /// Whether a Prometheus without feature flags refuses it.
    pub needs_flags: bool,
}

/// A metric's limits. A text that hangs on an argument without value, or is no number, is unset here and named in `unknown`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// As the controller reads them.
    pub metric: Metric,
    /// The fields whose value is not known here.
    pub unknown: Vec<&'static str>,
}

impl<'a> Gate<'a> {
    /// The template.
    pub fn template(&self) -> &'a Template {
        self.scene.template
    }

    /// What whoever runs lint says.
    pub fn settings(&self) -> &'a Settings {
        self.scene.context.settings
    }

    /// Labels with a meaning.
    pub fn labels(&self) -> &'a Labels {
        &self.settings().labels
    }

    /// The metric as a subject.
    pub fn subject(&self) -> Subject {
        Subject {
            metric: Some(self.metric.name.text.clone()),
            ..self.scene.subject()
        }
    }

    /// Whether `dryRun` silences it: a regexp without anchors (`GetDryRunMetrics` in Argo's `utils/analysis/helpers.go`).
    pub fn is_dry_run(&self) -> bool {
        *self.asked.is_dry_run.get_or_init(|| {
            let name = self.metric.name.text.as_bytes();
            let mut patterns = self.scene.dry_run().iter();
            patterns.any(|pattern| pattern.is_match(name))
        })
    }

    /// What the numbers of its query mean; not known where it does not parse.
    pub fn class(&self) -> Classified {
        let parsed = self.query.as_ref().and_then(|q| q.parsed.as_ref().ok());
        *self.asked.class.get_or_init(|| match parsed {
            Some(query) => class(&query.expr, self.labels()),
            None => Classified {
                class: Class::Unknown,
                sure: false,
            },
        })
    }

    /// The name of its plugin, where that is a slip of this plugin's: the controller finds no plugin of that name.
    pub fn misspelt_plugin(&self) -> Option<&'a Field> {
        match &self.metric.provider {
            Provider::Plugin { name, .. } => {
                let mut parts = name.text.split('/');
                parts.any(is_misspelt).then_some(name)
            }
            _ => None,
        }
    }

    /// What its provider is told; none where another provider measures it.
    pub fn spec(&self) -> Option<&'a QuerySpec> {
        match &self.metric.provider {
            Provider::Prometheus(spec) => Some(spec),
            Provider::Plugin { spec, .. } if self.engine.is_plugin() => Some(spec),
            _ => None,
        }
    }

    /// The time between two scrapes, where the gate or whoever runs lint says.
    pub fn scrape_interval(&self) -> Option<Duration> {
        let own = self.spec().and_then(|spec| spec.setting("scrapeInterval"));
        own.and_then(|field| {
            let text = self.scene.fill(&field.text).text;
            crate::text::duration::parse_go_duration(&text).ok()
        })
        .and_then(|nanoseconds| u64::try_from(nanoseconds).ok())
        .map(Duration::from_nanos)
        .or(self.settings().scrape_interval)
    }

    /// Bytes of the query's text (placeholders filled in) as a spot.
    pub fn in_query(&self, span: Span) -> Spot {
        match &self.query {
            Some(query) => spot("query", query.field, query.filled.to_template(span)),
            None => self.at_metric(),
        }
    }

    /// All of a field.
    pub fn at(&self, name: &str, field: &Field) -> Spot {
        spot(name, field, field.all())
    }

    /// The metric's name.
    pub fn at_metric(&self) -> Spot {
        spot("name", &self.metric.name, self.metric.name.all())
    }

    /// The condition that can be pointed at: the success condition, else the failure condition, else the name.
    pub fn at_conditions(&self) -> Spot {
        match self.conditions.iter().next() {
            Some(condition) => condition.spot(condition.all()),
            None => self.at_metric(),
        }
    }

    /// Edits of the query's text (placeholders filled in) as a fix. None where one would touch a placeholder, cannot be
    /// written into the file, or leaves a text that does not parse.
    pub fn fix_query(&self, is_safe: bool, edits: &[(Span, String)]) -> Option<Fix> {
        let query = self.query.as_ref()?;
        let mut template = query.filled.template.clone();
        let mut written = Vec::new();
        let mut edits = edits.to_vec();
        edits.sort_by_key(|(span, _)| *span);
        for (span, text) in edits.iter().rev() {
            if cuts_a_placeholder(&query.filled, *span) {
                return None;
            }
            let there = query.filled.to_template(*span);
            template.replace_range(there.range(), text);
            written.extend(file_edits(&query.field.place, there, text)?);
        }
        let after = self.scene.fill(&template);
        let holes = after.holes();
        let options = Options {
            features: Features::All,
            holes: &holes,
        };
        parse(&after.text, options).ok()?;
        Some(fix(is_safe, written))
    }

    /// Edits of a condition's text (placeholders filled in) as a fix. None where one would touch a placeholder, or cannot
    /// be written into the file.
    pub fn fix_condition(
        &self,
        is_safe: bool,
        condition: &Condition,
        edits: &[(Span, String)],
    ) -> Option<Fix> {
        let mut written = Vec::new();
        for (span, text) in edits {
            if cuts_a_placeholder(&condition.filled, *span) {
                return None;
            }
            let there = condition.filled.to_template(*span);
            written.extend(file_edits(&condition.field.place, there, text)?);
        }
        (!written.is_empty()).then(|| fix(is_safe, written))
    }

    /// A field's text (all of it, as written) in place of the one it has.
    pub fn fix_text(&self, is_safe: bool, field: &Field, text: &str) -> Option<Fix> {
        let written = file_edits(&field.place, field.all(), text)?;
        Some(fix(is_safe, written))
    }

    /// Drops the whole entry of a field.
    pub fn fix_removal(&self, is_safe: bool, field: &Field) -> Option<Fix> {
        let edit = FileEdit {
            file: field.place.file,
            span: field.place.removal?,
            text: String::new(),
        };
        Some(fix(is_safe, vec![edit]))
    }

    /// Writes further keys into the metric, one a line: `count: 5`.
    pub fn fix_keys(&self, is_safe: bool, lines: &[String]) -> Option<Fix> {
        let next = self.metric.next_key?;
        let text = lines
            .iter()
            .map(|line| format!("{}{line}\n", " ".repeat(next.indent)))
            .collect();
        let edit = FileEdit {
            file: self.metric.place.file,
            span: Span::at(next.offset),
            text,
        };
        Some(fix(is_safe, vec![edit]))
    }
}

/// Bytes of a field's text as a spot.
pub fn spot(name: &str, field: &Field, span: Span) -> Spot {
    Spot {
        field: name.to_owned(),
        place: field.place.clone(),
        span,
        text: span.of(&field.text).to_owned(),
        is_secret: false,
    }
}

/// Whether an edit would write into a placeholder's value, which the template does not hold.
fn cuts_a_placeholder(filled: &Filled, span: Span) -> bool {
    filled.pieces.iter().any(|piece| {
        let (start, end) = (piece.text.start, piece.text.end);
        span.start < end && start < span.end && !span.holds(piece.text)
            || start < span.start && span.end < end
    })
}

fn file_edits(place: &Place, span: Span, text: &str) -> Option<Vec<FileEdit>> {
    let edits = place.edit(span, text)?;
    let in_file = |(span, text)| FileEdit {
        file: place.file,
        span,
        text,
    };
    Some(edits.into_iter().map(in_file).collect())
}

fn fix(is_safe: bool, mut edits: Vec<FileEdit>) -> Fix {
    edits.sort_by_key(|edit| edit.span);
    Fix { is_safe, edits }
}
