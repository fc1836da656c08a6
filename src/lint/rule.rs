//! What a rule is: a name, its page, when it speaks, and the function that looks.

use crate::lint::context::{Context, Scene};
use crate::lint::findings::Findings;
use crate::lint::gate::Gate;
use crate::lint::level::Level;
use crate::promql::Query;

/// A guard rail.
pub struct Rule {
    /// Says the bad pattern, in kebab case: key in settings, word that silences it, anchor of its page.
    pub name: &'static str,
    /// One line: at most 60 characters, no capital first, no full stop.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub docs: &'static str,
    /// Where it stands in the catalogue.
    pub section: Section,
    /// The levels it may speak at, highest first.
    pub levels: &'static [Level],
    /// Whether it is silent where the plugin withholds Successful without data (`guard: enforce` and a `noData` other
    /// than `condition`).
    pub rests_on_no_data: bool,
    /// Told once a template and level, with all of its gates.
    pub is_told_once: bool,
    /// What it cannot do without.
    pub needs: &'static [Need],
    /// Rules that speak in its place at the same metric: one cause, one finding.
    pub yields_to: &'static [&'static str],
    /// The function that looks.
    pub check: Check,
}

/// Where a rule stands in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The query itself.
    Query,
    /// No data, NaN and the fallback.
    NoData,
    /// The conditions.
    Conditions,
    /// Counters, windows, histograms, ratios.
    Counters,
    /// Which pods, which namespace.
    Selection,
    /// Limits, timing, wiring.
    Limits,
    /// With other manifests in the input.
    Surroundings,
    /// The suppressions themselves.
    Suppressions,
}

/// A fact that not every run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// The time between two scrapes.
    ScrapeInterval,
}

impl Need {
    /// Why a rule was skipped.
    pub fn reason(self) -> &'static str {
        match self {
            Need::ScrapeInterval => "needs the scrape interval; give `--scrape-interval`",
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    /// A gate whose query parses.
    Query(fn(&Gate<'_>, &Query, &mut Findings<'_>)),
    /// Every metric, whatever measures it and however broken its query is.
    Metric(fn(&Gate<'_>, &mut Findings<'_>)),
    /// A template with all of its metrics.
    Template(fn(&Scene<'_>, &[Gate<'_>], &mut Findings<'_>)),
    /// All that was read.
    Input(fn(&Context<'_>, &mut Findings<'_>)),
    /// A template, and then all that surrounds the templates.
    TemplateAndInput(
        fn(&Scene<'_>, &[Gate<'_>], &mut Findings<'_>),
        fn(&Context<'_>, &mut Findings<'_>),
    ),
    /// Nothing: the engine itself finds it.
    Engine,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
