//! Compares the results of relocations with the full BTF and with the minimized one.

use btf_types::Btf;

use core_reloc::{
    Candidate, Cause, Module, Options, RelocKind, Relocation, Relocator, Resolution, Target,
    budget::Budget, describe::relocation_in_c,
};

use super::{
    Needs, ResolutionCounts,
    error::MinimizeError,
    write::{Ids, Written},
};

/// The result of one relocation. An error is without its text, of which there may be many.
pub(super) type Outcome = Result<Resolution, Cause>;

/// The results of an object's relocations with the full BTF.
pub(super) struct Baseline<'n> {
    pub(super) needs: &'n Needs<'n>,
    outcomes: Vec<Outcome>,
    /// The budget with the full BTF. The minimized BTF, which is smaller, gets the same.
    budget: Budget,
}

/// A relocation that resolves differently with the minimized BTF.
pub(super) struct Difference<'n> {
    pub(super) relocation: &'n Relocation,
    full: Outcome,
    minimized: Outcome,
}

impl<'n> Baseline<'n> {
    pub(super) fn resolve(needs: &'n Needs<'n>, target: &Target<'_>, options: Options) -> Self {
        let input = needs.local.as_bytes().len().saturating_add(target.size());
        let budget = Budget::for_input(input);
        Self { needs, outcomes: resolve_all(needs, target, options, &budget), budget }
    }

    /// Returns the relocations with their results.
    fn outcomes(&self) -> impl Iterator<Item = (&'n Relocation, &Outcome)> {
        self.needs.relocations.iter().zip(&self.outcomes)
    }

    /// Returns the relocations that candidates answer, each with the first of these.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&'n Relocation, Candidate)> {
        self.outcomes().filter_map(|(relocation, outcome)| {
            Some((relocation, outcome.as_ref().ok()?.candidate?))
        })
    }

    /// Returns the relocations that take too much work, so that they have no result to compare.
    pub(super) fn too_complex(&self) -> impl Iterator<Item = &'n Relocation> {
        let failed = self.outcomes().filter(|(_, outcome)| is_too_complex(outcome));
        failed.map(|(relocation, _)| relocation)
    }

    pub(super) fn counts(&self) -> ResolutionCounts {
        let mut counts = ResolutionCounts::default();
        for outcome in &self.outcomes {
            let count = match outcome {
                Ok(Resolution { change: Some(_), .. }) => &mut counts.resolved,
                Ok(_) => &mut counts.unresolved,
                Err(_) => &mut counts.failed,
            };
            *count = count.saturating_add(1);
        }
        counts
    }

    /// Returns the relocations that resolve differently with the written BTF.
    pub(super) fn differences(
        &self,
        written: &Written,
        target: &Target<'_>,
        options: Options,
    ) -> Result<Vec<Difference<'n>>, MinimizeError> {
        let main = Btf::parse(&written.main)?;
        let modules = target.modules().iter().zip(&written.modules);
        let modules = modules.map(|(module, bytes)| match module.btf.base() {
            None => Btf::parse(bytes),
            Some(_) => Btf::parse_split(bytes, &main),
        });
        let modules: Vec<Btf<'_>> = modules.collect::<Result<_, _>>()?;
        let names = target.modules().iter().map(|module| module.name);
        let modules = names.zip(&modules).map(|(name, btf)| Module { name, btf });
        let minimized = Target::new(&main).with_modules(modules);

        let outcomes = resolve_all(self.needs, &minimized, options, &self.budget);
        let pairs = self.outcomes().zip(outcomes);
        let differ = pairs.filter(|((relocation, full), minimized)| {
            !is_same(relocation.kind, full, minimized, &written.ids)
        });
        Ok(differ
            .map(|((relocation, full), minimized)| {
                let full = full.clone();
                Difference { relocation, full, minimized }
            })
            .collect())
    }
}

impl Difference<'_> {
    /// Returns the error, given the index of the object and its BTF.
    pub(super) fn error(&self, object: usize, local: &Btf<'_>) -> MinimizeError {
        MinimizeError::Differs {
            object,
            subject: relocation_in_c(local, self.relocation).into(),
            full: in_words(&self.full),
            minimized: in_words(&self.minimized),
        }
    }
}

fn resolve_all(
    needs: &Needs<'_>,
    target: &Target<'_>,
    options: Options,
    budget: &Budget,
) -> Vec<Outcome> {
    let relocator = Relocator::with_options(needs.local, target, options);
    let mut relocator = relocator.with_budget(budget.clone());
    relocator.prepare(needs.relocations.iter().map(|relocation| relocation.type_id));
    let mut resolve = |relocation| {
        let mut resolution = relocator.resolve(relocation).map_err(|error| error.cause)?;
        // The lists of candidates that were ruled out would take memory for each pair.
        resolution.unmatched = None;
        Ok(resolution)
    };
    needs.relocations.iter().map(&mut resolve).collect()
}

/// Returns `true` if two results are the same apart from the ids of types.
fn is_same(kind: RelocKind, full: &Outcome, minimized: &Outcome, ids: &Ids) -> bool {
    match (full, minimized) {
        // All candidates are kept, and may now take less work.
        _ if is_too_complex(full) => true,
        (Ok(full), Ok(minimized)) => {
            let mut expected = full.change;
            if let (RelocKind::TypeIdTarget, Some(change), Some(candidate)) =
                (kind, &mut expected, full.candidate)
            {
                change.value = ids.of(candidate).unwrap_or_default().0.into();
            }
            expected == minimized.change && is_same_type(full.candidate, minimized.candidate, ids)
        }
        (Err(full), Err(minimized)) => is_same_cause(kind, full, minimized, ids),
        _ => false,
    }
}

fn is_too_complex(outcome: &Outcome) -> bool {
    *outcome == Err(Cause::TooComplex)
}

fn is_same_type(full: Option<Candidate>, minimized: Option<Candidate>, ids: &Ids) -> bool {
    let now = |candidate| Some(Candidate { type_id: ids.of(candidate)?, ..candidate });
    full.and_then(now) == minimized && full.is_some() == minimized.is_some()
}

fn is_same_cause(kind: RelocKind, full: &Cause, minimized: &Cause, ids: &Ids) -> bool {
    match (full, minimized) {
        (Cause::Ambiguous(full), Cause::Ambiguous(minimized)) => {
            let mut pairs = full.candidates.iter().zip(&minimized.candidates);
            // The answers of type_id_target are the ids, which are compared already.
            pairs.all(|(full, minimized)| is_same_type(Some(*full), Some(*minimized), ids))
                && (kind == RelocKind::TypeIdTarget || full.answers == minimized.answers)
        }
        // The errors name ids, which differ.
        (Cause::Target(_), Cause::Target(_)) => true,
        (full, minimized) => full == minimized,
    }
}

fn in_words(outcome: &Outcome) -> Box<str> {
    match outcome {
        Ok(Resolution { change: Some(change), candidate, .. }) => {
            let of = candidate.map_or("no type".to_string(), |it| format!("type {}", it.type_id));
            format!("{} of {of}", change.value).into()
        }
        Ok(_) => "nothing".into(),
        Err(cause) => format!("an error ({cause})").into(),
    }
}
