//! A Rollout or Experiment into `analysis::rollout`.

use super::keys;
use super::object::{Listed, Reader, under};
use super::tree::{Mapping, Node};
use crate::analysis::rollout::{AnalysisUse, Rollout, RolloutKind, Step, StepKind, When};

impl Reader<'_> {
    /// `root` is all of the object.
    pub(super) fn rollout(&mut self, root: &Mapping, kind: RolloutKind) -> Rollout {
        let metadata = self.metadata(root);
        let mut rollout = Rollout {
            kind,
            name: metadata.name,
            namespace: metadata.namespace,
            replicas: None,
            max_surge: None,
            max_unavailable: None,
            has_traffic_routing: false,
            steps: Vec::new(),
            uses: Vec::new(),
            allow: metadata.allow,
            unknown: Vec::new(),
        };
        if let Some((_, spec)) = self.object(root, "", "spec") {
            rollout.replicas = spec
                .get("replicas")
                .and_then(|entry| entry.value.to_json().as_i64());
            match kind {
                RolloutKind::Rollout => self.strategy(spec, &mut rollout),
                RolloutKind::Experiment => {
                    rollout.uses = self.experiment(spec, "spec", keys::VALUE_FROM);
                }
            }
        }
        rollout.unknown = std::mem::take(&mut self.unknown);
        rollout
    }

    fn strategy(&mut self, spec: &Mapping, rollout: &mut Rollout) {
        let Some((_, strategy)) = self.object(spec, "spec", "strategy") else {
            return;
        };
        let path = "spec.strategy";
        if let Some((_, canary)) = self.object(strategy, path, "canary") {
            self.canary(canary, &under(path, "canary"), rollout);
        }
        if let Some((_, blue_green)) = self.object(strategy, path, "blueGreen") {
            let path = under(path, "blueGreen");
            for (key, when) in [
                ("prePromotionAnalysis", When::PrePromotion),
                ("postPromotionAnalysis", When::PostPromotion),
            ] {
                if let Some((node, object)) = self.object(blue_green, &path, key) {
                    let path = under(&path, key);
                    rollout.uses.push(self.analysis(&path, node, object, when));
                }
            }
        }
        // Steps know their use by its index, so that order is put right for both.
        sort_uses(rollout);
    }

    fn canary(&mut self, canary: &Mapping, path: &str, rollout: &mut Rollout) {
        let text = |key| self.field(canary, key).map(|field| field.text);
        rollout.max_surge = text("maxSurge");
        rollout.max_unavailable = text("maxUnavailable");
        rollout.has_traffic_routing = canary.get("trafficRouting").is_some();
        if let Some((node, object)) = self.object(canary, path, "analysis") {
            let from = object.get("startingStep");
            let from = from.and_then(|entry| entry.value.to_json().as_i64());
            let when = When::Background(from.unwrap_or(0));
            let path = under(path, "analysis");
            rollout.uses.push(self.analysis(&path, node, object, when));
        }
        for step in self.objects(canary, path, "steps") {
            let kind = self.step(&step, rollout);
            let place = self.source.bare(step.node.span).place;
            rollout.steps.push(Step { kind, place });
        }
    }

    fn step(&mut self, listed: &Listed<'_>, rollout: &mut Rollout) -> StepKind {
        let (step, path) = (listed.object, &*listed.path);
        if let Some(entry) = step.get("setWeight") {
            return StepKind::SetWeight(entry.value.to_json().as_i64());
        }
        if let Some((node, object)) = self.object(step, path, "analysis") {
            let path = under(path, "analysis");
            let when = When::Step(listed.index);
            rollout.uses.push(self.analysis(&path, node, object, when));
            return StepKind::Analysis(rollout.uses.len() - 1);
        }
        if let Some((_, object)) = self.object(step, path, "experiment") {
            let path = under(path, "experiment");
            let uses = self.experiment(object, &path, keys::GIVEN_VALUE_FROM);
            rollout.uses.extend(uses);
            return StepKind::Experiment;
        }
        // `pause: {}` waits for a person; `pause:` alone is null, and so no step.
        let pause = step.get("pause").and_then(|entry| entry.value.mapping());
        match pause {
            Some(pause) => StepKind::Pause(self.field(pause, "duration")),
            None if step.get("setCanaryScale").is_some() => StepKind::SetCanaryScale,
            None => StepKind::Other,
        }
    }

    fn analysis(&mut self, path: &str, node: &Node, object: &Mapping, when: When) -> AnalysisUse {
        let known = match when {
            When::Background(_) => keys::BACKGROUND,
            _ => keys::ANALYSIS,
        };
        self.check(object, path, known);
        // Its keys are checked there; which metrics are dry is the template's reader's affair.
        self.dry_run(object, path);
        AnalysisUse {
            when,
            templates: self.template_refs(object, path),
            arguments: self.given(object, path, keys::GIVEN_VALUE_FROM),
            place: self.source.bare(node.span).place,
        }
    }

    /// `analyses` of an Experiment or of an `experiment` step.
    fn experiment(
        &mut self,
        spec: &Mapping,
        path: &str,
        from: &'static [&'static str],
    ) -> Vec<AnalysisUse> {
        let mut uses = Vec::new();
        for Listed {
            path, node, object, ..
        } in self.objects(spec, path, "analyses")
        {
            self.check(object, &path, keys::EXPERIMENT_ANALYSIS);
            uses.push(AnalysisUse {
                when: When::Experiment,
                templates: self.template_ref(object).into_iter().collect(),
                arguments: self.given(object, &path, from),
                place: self.source.bare(node.span).place,
            });
        }
        uses
    }
}

/// Into text order; steps are told the new index.
fn sort_uses(rollout: &mut Rollout) {
    let mut order: Vec<usize> = (0..rollout.uses.len()).collect();
    order.sort_by_key(|index| rollout.uses[*index].place.span.start);
    let mut moved = vec![0; order.len()];
    for (new, old) in order.into_iter().enumerate() {
        moved[old] = new;
    }
    for step in &mut rollout.steps {
        if let StepKind::Analysis(index) = &mut step.kind {
            *index = moved[*index];
        }
    }
    rollout.uses.sort_by_key(|used| used.place.span.start);
}
