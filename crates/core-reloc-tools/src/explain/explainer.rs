//! The explainer of an object's relocations.

use std::collections::BTreeSet;

use btf_types::{Btf, Name, Type};
use core_reloc::{
    Ambiguity, Cause, Error, Poison, Relocation, Resolution, Status, Target,
    budget::Budget,
    describe::{declaration_in_c, describe_unmatched, type_in_c},
    elf::{ObjectRelocation, Outcome, Report},
    resolve::Unmatched,
    spec::{LocalSpec, Mismatch},
};

use super::{
    comparison::Comparison,
    distinct,
    explanation::{Explanation, Problem},
    flavor::{Declared, flavor},
    known::{Known, Question},
    narrowed::{self, Narrowed},
    scope::Scope,
    search::{self, MissingMember, Search},
    subject::{Subject, Subjects, accessor_name, names},
    suggestion::{Suggestion, SuggestionKind},
};
use crate::{
    definition::Definition,
    enums::EnumReaders,
    limits::{MAX_EXPLANATION_STEPS, MAX_OBJECT_STEPS},
};

/// Explains the relocations of one object against one target. The [module](super) has an example.
#[derive(Debug)]
pub struct Explainer<'a> {
    subjects: Subjects<'a>,
    narrowed: Narrowed<'a>,
    enums: EnumReaders<'a>,
    known: Known,
    compares: bool,
    /// For the searches and comparisons of all explanations.
    budget: Budget,
}

/// The bytes of the widest load, and of the widest field that the macros for bitfields read.
const MAX_LOAD: u32 = 8;

/// The maximum number of candidates that are compared.
const MAX_COMPARED: usize = 2;

impl<'a> Explainer<'a> {
    /// Creates an explainer for an object whose own BTF is `local`.
    pub fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        Self {
            subjects: Subjects::new(local, target),
            narrowed: Narrowed::new(local, target),
            enums: EnumReaders::default(),
            known: Known::default(),
            compares: true,
            budget: Budget::of(MAX_OBJECT_STEPS),
        }
    }

    /// Leaves out the [comparisons](Explanation::comparisons) of definitions, which take the most time of an explanation.
    #[must_use]
    pub fn without_comparisons(self) -> Self {
        Self { compares: false, ..self }
    }

    /// Explains a relocation of an ELF object that did not find what it asks for; returns `None` if it
    /// did. An existence check with the answer "no" is explained too.
    pub fn report(&mut self, report: &Report<'_>) -> Option<Explanation> {
        let decoded = report.relocation.decode();
        let relocation = decoded.as_ref().ok();
        match &report.outcome {
            Outcome::Failed(error) => Some(self.failed(relocation, error)),
            Outcome::Skipped(skip) => Some(Explanation::new(Problem::Invalid, skip.to_string())),
            Outcome::Applied {
                status: Status::Poisoned(poison) | Status::Kept(poison),
                resolution,
            } => {
                let mut explanation = self.poisoned(relocation?, resolution, *poison);
                if let (Poison::Unresolved, Some(unmatched)) = (poison, &resolution.unmatched) {
                    self.narrowed(&report.relocation, relocation?, unmatched, &mut explanation);
                }
                Some(explanation)
            }
            Outcome::Applied { status: Status::Relocated, resolution } => {
                let unmatched = resolution.unmatched.as_ref()?;
                let mut explanation = self.unmatched(relocation?, unmatched);
                self.narrowed(&report.relocation, relocation?, unmatched, &mut explanation);
                Some(explanation)
            }
            _ => None,
        }
    }

    /// Returns what [`report`](Self::report) looks at, besides the candidates of the relocation and the types in
    /// them. Two targets with the same candidates and the same types in these scopes get the same explanation, except
    /// that a search in a larger target takes more of the steps that all explanations of an object share, and that
    /// [comparisons](Explanation::comparisons) may show more types.
    pub fn scopes(&mut self, report: &Report<'_>) -> BTreeSet<Scope> {
        let (Outcome::Applied { resolution, .. }, Ok(relocation)) =
            (&report.outcome, report.relocation.decode())
        else {
            return BTreeSet::new();
        };
        let unmatched = resolution.unmatched.as_ref();
        unmatched.map(|it| self.unmatched_scopes(&relocation, it)).unwrap_or_default()
    }

    /// Returns what [`unmatched`](Self::unmatched) looks at, as [`scopes`](Self::scopes) does.
    pub fn unmatched_scopes(
        &mut self,
        relocation: &Relocation,
        unmatched: &Unmatched,
    ) -> BTreeSet<Scope> {
        let mut scopes = BTreeSet::new();
        let root = self.subjects.local.type_by_id(relocation.type_id).ok();
        let Some((root, name)) = root.and_then(|root| Some((root, root.name().ok()?.to_vec())))
        else {
            return scopes;
        };
        if unmatched.ruled_out().is_empty() {
            let tag = search::tag_of(root);
            scopes.insert(Scope::LikeRoot { kind: root.kind(), name, tag });
            return scopes;
        }
        scopes.insert(Scope::Pointees { root: name });
        let spec = self.subjects.local_spec(relocation);
        for (candidate, mismatch) in unmatched.ruled_out().iter().take(MAX_COMPARED) {
            let subject =
                self.subjects.mismatched(spec.as_ref(), relocation, *candidate, *mismatch);
            let owner = subject.and_then(|subject| subject.local.name().ok());
            if let (Mismatch::NoMember { .. }, Some(owner)) = (mismatch, owner) {
                scopes.insert(Scope::LikeOwner { name: owner.to_vec() });
            }
        }
        scopes
    }

    /// Explains why no candidate matches.
    pub fn unmatched(&mut self, relocation: &Relocation, unmatched: &Unmatched) -> Explanation {
        let Subjects { local, target, .. } = self.subjects;
        let reason = describe_unmatched(local, target, relocation, unmatched);
        let Some((_, mismatch)) = unmatched.ruled_out().first() else {
            let mut explanation = Explanation::new(Problem::TypeMissing, reason);
            if let Ok(root) = local.type_by_id(relocation.type_id) {
                let question = Question::Root(root.id());
                explanation.suggestions = self.search(question, |search| search.root(root));
            }
            return explanation;
        };
        let spec = self.subjects.local_spec(relocation);
        let mut explanation = Explanation::new(Problem::of(*mismatch), reason);
        for (candidate, mismatch) in unmatched.ruled_out().iter().take(MAX_COMPARED) {
            let subject =
                self.subjects.mismatched(spec.as_ref(), relocation, *candidate, *mismatch);
            let Some(subject) = subject else { continue };
            let suggestions = self.suggestions(relocation, &subject, *mismatch);
            let found: Vec<&str> =
                suggestions.iter().filter_map(|suggestion| suggestion.member.as_deref()).collect();
            let comparison = self.compare([subject.local, subject.target], &subject.name, &found);
            explanation.comparisons.extend(comparison);
            for suggestion in suggestions {
                if !explanation.suggestions.contains(&suggestion) {
                    explanation.suggestions.push(suggestion);
                }
            }
        }
        explanation
    }

    /// Adds the earlier relocation of the object, if there is one, that dropped a candidate which matches.
    fn narrowed(
        &mut self,
        at: &ObjectRelocation<'_>,
        relocation: &Relocation,
        unmatched: &Unmatched,
        explanation: &mut Explanation,
    ) {
        if unmatched.ruled_out().is_empty() {
            return;
        }
        let Some(candidate) = self.narrowed.matching(at, relocation, unmatched) else { return };
        let reason = self.narrowed.reason(at.object(), relocation.type_id, candidate);
        explanation.reason.push_str("; ");
        explanation.reason.push_str(&reason);
        let spec = self.subjects.local_spec(relocation);
        let budget = &mut self.budget;
        let suggestion = narrowed::suggestion(spec.as_ref(), relocation, budget);
        explanation.suggestions.insert(0, suggestion);
    }

    /// Explains why an instruction is, or would be, poisoned.
    pub fn poisoned(
        &mut self,
        relocation: &Relocation,
        resolution: &Resolution,
        poison: Poison,
    ) -> Explanation {
        if let (Poison::Unresolved, Some(unmatched)) = (poison, &resolution.unmatched) {
            return self.unmatched(relocation, unmatched);
        }
        let mut explanation = Explanation::new(Problem::SizeChange, poison.to_string());
        let subject =
            resolution.candidate.and_then(|candidate| self.subjects.matched(relocation, candidate));
        if let Some(subject) = subject {
            let types = [subject.local, subject.target];
            explanation.comparisons.extend(self.compare(types, &subject.name, &[]));
        }
        let spec = self.subjects.local_spec(relocation);
        let last = spec.as_ref().and_then(|spec| spec.accessors().last());
        let is_wide = match poison {
            Poison::Resized { from, to } | Poison::SignExtending { from, to } => {
                from.max(to) > MAX_LOAD
            }
            _ => false,
        };
        let text = if last.is_some_and(|accessor| accessor.name_off.is_none()) || is_wide {
            "read it with bpf_probe_read_kernel and the size from bpf_core_field_size: its address \
             is correct"
        } else {
            "read it with BPF_CORE_READ_BITFIELD, or with BPF_CORE_READ_BITFIELD_PROBED from memory \
             that the program cannot access directly; write it with BPF_CORE_WRITE_BITFIELD; all \
             use the target's offset and size"
        };
        explanation.suggestions.push(Suggestion::new(SuggestionKind::Access, text));
        explanation
    }

    /// Explains why a relocation failed.
    pub fn failed(&mut self, relocation: Option<&Relocation>, error: &Error) -> Explanation {
        let reason = error.cause.to_string();
        let Cause::Ambiguous(ambiguity) = &error.cause else {
            return Explanation::new(Problem::Invalid, reason);
        };
        let mut explanation = Explanation::new(Problem::Ambiguous, reason);
        explanation.comparisons.extend(self.ambiguous(relocation, ambiguity));
        explanation.suggestions = self.distinctions(relocation, ambiguity);
        explanation
    }

    /// Compares two candidates that both match.
    fn ambiguous(
        &mut self,
        relocation: Option<&Relocation>,
        ambiguity: &Ambiguity,
    ) -> Option<Comparison> {
        let [first, second] =
            ambiguity.candidates.map(|candidate| self.subjects.candidate(candidate));
        let spec = relocation.and_then(|relocation| self.subjects.local_spec(relocation));
        let name = spec.as_ref().map(|spec| accessor_name(spec, 1)).unwrap_or_default();
        let mut comparison = self.compare([first?, second?], &name, &[])?;
        comparison.titles = ambiguity.names.clone();
        Some(comparison)
    }

    /// Suggests how to choose one of two candidates: by a member that only it has.
    fn distinctions(
        &mut self,
        relocation: Option<&Relocation>,
        ambiguity: &Ambiguity,
    ) -> Vec<Suggestion> {
        let root = relocation.and_then(|it| self.subjects.local.type_by_id(it.type_id).ok());
        let candidates = self.narrowed.candidates(root.map(|root| root.id()), ambiguity);
        let mut definitions = Vec::new();
        for candidate in candidates {
            let definition = self.subjects.candidate(candidate).and_then(|ty| self.define(ty));
            let Some(definition) = definition.filter(|definition| !definition.is_cut) else {
                return Vec::new();
            };
            definitions.push((candidate, definition));
        }
        let mut suggestions = Vec::new();
        for (candidate, title) in ambiguity.candidates.iter().zip(&ambiguity.names) {
            let Some(name) = distinct::member(*candidate, &definitions) else { continue };
            let code = relocation.zip(self.subjects.candidate(*candidate)).and_then(
                |(relocation, candidate)| {
                    let spec = self.subjects.local_spec(relocation);
                    distinct::flavor(root?, spec.as_ref(), &name, candidate, &mut self.budget)
                },
            );
            suggestions.push(distinct::suggestion(title, root, name, code));
        }
        if suggestions.is_empty() {
            let why = match definitions.len() {
                0..=2 => "both have the same members",
                _ => "none has a member that no other has",
            };
            let text = format!(
                "{why}, so no access can distinguish them: let the loader choose the offset, as a \
                 constant in .rodata"
            );
            suggestions.push(Suggestion::new(SuggestionKind::Access, text));
        }
        suggestions
    }

    /// Suggests what to do about a mismatch.
    fn suggestions(
        &mut self,
        relocation: &Relocation,
        subject: &Subject<'a>,
        mismatch: Mismatch,
    ) -> Vec<Suggestion> {
        let spec = self.subjects.local_spec(relocation);
        match mismatch {
            Mismatch::NoMember { .. } => {
                let missing = spec.and_then(|spec| MissingMember::of(&spec, relocation, subject));
                let Some(missing) = missing else { return Vec::new() };
                let question = Question::member(&missing, subject.target);
                let (within, root) = (subject.target, subject.root);
                self.search(question, |search| search.member(&missing, within, root))
            }
            Mismatch::NoEnumerator => {
                let enums = self.enums.of(subject.target.btf());
                // A clone knows what is known by then.
                let _ = enums.sign(subject.target);
                let enums = enums.clone();
                let Subject { name, local, target, .. } = subject;
                let question = Question::enumerator(name, *local, *target);
                self.search(question, |search| search.enumerator(name, *local, *target, &enums))
            }
            Mismatch::TooShort { len, .. } => {
                let text = format!(
                    "the target's array has {len} elements: check the index against \
                     bpf_core_field_size before the access",
                );
                Vec::from([Suggestion::new(SuggestionKind::Access, text)])
            }
            Mismatch::Incompatible { .. } | Mismatch::NotAnArray { .. } => {
                Vec::from_iter(self.redeclaration(relocation, spec, subject))
            }
            _ => Vec::new(),
        }
    }

    /// Suggests declaring a member as the target does.
    fn redeclaration(
        &mut self,
        relocation: &Relocation,
        spec: Option<LocalSpec<'a>>,
        subject: &Subject<'a>,
    ) -> Option<Suggestion> {
        let root = self.subjects.local.type_by_id(relocation.type_id).ok()?;
        charge(&mut self.budget, subject.target.members().len());
        if self.budget.remaining() == 0 {
            return None;
        }
        let is_wanted = |name: Name<'_>| name == subject.name.as_str();
        let mut members = subject.target.members().iter();
        let member = members.find(|member| member.name().is_ok_and(is_wanted))?;
        let declaration = declaration_in_c(member.ty().ok()?, &subject.name);
        let text = format!(
            "for this target, use a flavor of `{}` that declares it as `{declaration}`",
            type_in_c(root),
        );
        let bits = Some(member.bitfield_size()).filter(|bits| *bits > 0);
        let declared = Declared { ty: member.ty().ok()?, bits };
        let names = spec.and_then(|spec| names(&spec, 1..subject.accessor.saturating_add(1)));
        let code = names.and_then(|names| {
            let path: Vec<&str> = names.iter().map(String::as_str).collect();
            flavor(self.subjects.local, root, &path, declared, &mut self.budget)
        });
        Some(Suggestion { code, ..Suggestion::new(SuggestionKind::Access, text) })
    }

    /// Compares two types, if that is wanted and there are steps left.
    fn compare(&mut self, types: [Type<'a>; 2], name: &str, found: &[&str]) -> Option<Comparison> {
        if !self.compares {
            return None;
        }
        let [left, right] = types.map(|ty| self.define(ty).map(|definition| definition.lines));
        Some(Comparison::between(types, [left?, right?], name, found))
    }

    /// Defines a type, if there are steps left.
    fn define(&mut self, ty: Type<'a>) -> Option<Definition> {
        if self.budget.remaining() == 0 {
            return None;
        }
        let definition = Definition::with(ty, self.enums.of(ty.btf()));
        // Each byte is written, copied and compared.
        let bytes =
            definition.lines.iter().map(|line| line.text.len().saturating_add(line.name.len()));
        charge(&mut self.budget, bytes.fold(definition.lines.len(), usize::saturating_add));
        Some(definition)
    }

    /// Searches the target, within the steps of one explanation, unless the answer is known.
    fn search(
        &mut self,
        question: Question,
        look: impl FnOnce(&mut Search<'a>) -> Vec<Suggestion>,
    ) -> Vec<Suggestion> {
        if let Some(known) = self.known.get(&question) {
            return known.clone();
        }
        let granted = self.budget.remaining().min(MAX_EXPLANATION_STEPS);
        let Subjects { local, target, .. } = self.subjects;
        let mut search = Search { local, target, budget: Budget::of(granted) };
        let found = look(&mut search);
        let spent = granted.saturating_sub(search.budget.remaining());
        self.budget = Budget::of(self.budget.remaining().saturating_sub(spent));
        self.known.keep(question, found.clone());
        found
    }
}

/// Charges the steps of work that has been done, up to the number of steps left.
fn charge(budget: &mut Budget, steps: usize) {
    if budget.spend(steps).is_err() {
        *budget = Budget::of(0);
    }
}

#[cfg(test)]
mod tests {
    use btf_types::{ByteOrder, Kind};
    use core_reloc::{
        RelocKind, Relocator,
        generate::{enumerator_relocation, field_relocation, type_relocation},
    };

    use super::*;

    const LOCAL: &str = "
        struct task { int pid; int statee; struct { int tgidd; } in; };
        struct tsk { int pid; };
        enum state { IDLE, BUSYY };
    ";
    const TARGET: &str = "
        struct task { int pid; int state; struct { int tgid; } in; };
        enum state { IDLE, BUSY };
    ";

    /// Explains two relocations. Returns the numbers of steps, apart from those of comparing definitions.
    fn steps(relocations: [&dyn Fn(&Btf<'_>) -> Relocation; 2]) -> [u64; 2] {
        let bytes = [LOCAL, TARGET].map(|types| btf_from_c::btf(ByteOrder::Little, types));
        let [local, target] = bytes.each_ref().map(|bytes| Btf::parse(bytes).unwrap());
        let target = Target::new(&target);
        let mut relocator = Relocator::new(&local, &target);
        let mut explainer = Explainer::new(&local, &target);
        let explained = relocations.map(|relocation| {
            let relocation = relocation(&local);
            let unmatched = relocator.resolve(&relocation).unwrap().unmatched.unwrap();
            let before = explainer.budget.remaining();
            let explanation = explainer.unmatched(&relocation, &unmatched);
            let lines = |name, kind| {
                let definition =
                    |btf: &Btf<'_>| Definition::of(btf.find(name, kind).unwrap()).lines;
                let lines = [definition(&local), definition(target.main())].concat();
                lines.iter().map(|line| 1 + line.text.len() + line.name.len()).sum::<usize>() as u64
            };
            let compared = match (explanation.problem, relocation.kind) {
                (Problem::TypeMissing, _) => 0,
                (_, RelocKind::EnumvalExists | RelocKind::EnumvalValue) => {
                    lines("state", Kind::Enum)
                }
                _ => lines("task", Kind::Struct),
            };
            (explanation.suggestions, before - explainer.budget.remaining() - compared)
        });
        let [(first, steps), (second, again)] = explained;
        assert!(!first.is_empty());
        assert_eq!(first == second, again == 0);
        [steps, again]
    }

    #[test]
    fn relocations_of_one_missing_thing_share_the_search() {
        let root = |kind| move |local: &Btf<'_>| type_relocation(local, 0, "tsk", kind).unwrap();
        let field = |path, kind| {
            move |local: &Btf<'_>| field_relocation(local, 0, "task", path, kind).unwrap()
        };
        let busy = |kind| {
            move |local: &Btf<'_>| enumerator_relocation(local, 0, "state", "BUSYY", kind).unwrap()
        };
        let pid = |local: &Btf<'_>| {
            field_relocation(local, 0, "tsk", "pid", RelocKind::FieldExists).unwrap()
        };
        for [first, again] in [
            steps([&root(RelocKind::TypeExists), &root(RelocKind::TypeSize)]),
            steps([&root(RelocKind::TypeExists), &pid]),
            steps([
                &field("statee", RelocKind::FieldExists),
                &field("statee", RelocKind::FieldByteOffset),
            ]),
            steps([&busy(RelocKind::EnumvalExists), &busy(RelocKind::EnumvalValue)]),
        ] {
            assert!(first > 0);
            assert_eq!(again, 0);
        }
        let other = steps([&field("statee", RelocKind::FieldExists), &root(RelocKind::TypeExists)]);
        assert!(other.iter().all(|steps| *steps > 0));
    }
}
