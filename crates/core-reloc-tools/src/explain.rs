//! Why a relocation came out as it did, and what may cure it: plain values, for whoever prints them.
//!
//! An [`Explainer`] takes what a [`Relocator`](core_reloc::Relocator) decided. It looks at the types
//! again, and searches the target for what was most likely meant; searching takes a bounded number
//! of steps, for one relocation and for all of an object.

mod comparison;
mod cure;
mod object;

use std::collections::BTreeSet;

use btf_types::{Btf, Type};

use self::cure::{Lost, Search};
pub use self::{
    comparison::{Comparison, Row},
    cure::{Cure, CureKind},
};
use core_reloc::{
    AccessPath, Ambiguity, Candidate, Cause, Error, Poison, Relocation, Resolution, Target,
    budget::Budget,
    describe::{declaration_in_c, describe_unmatched, quote, type_in_c},
    resolve::Unmatched,
    spec::{LocalSpec, Mismatch, Session},
};

use crate::{
    definition::Definition,
    limits::{EXPLANATION_STEPS, EXPLANATIONS_STEPS},
};

/// Why a relocation did not come out as the program wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the problem is.
    pub problem: Problem,
    /// The problem in words.
    pub reason: String,
    /// The definitions that do not go together.
    pub comparisons: Vec<Comparison>,
    /// What may cure it, the likeliest first.
    pub cures: Vec<Cure>,
}

/// What kept a relocation from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The target has no type of the root type's name and kind.
    TypeMissing,
    /// The type has no such field.
    FieldMissing,
    /// The enum has no such enumerator.
    EnumeratorMissing,
    /// The field is of a type that is not compatible.
    FieldIncompatible,
    /// What is indexed is no array, or what is asked for its enumerators is no enum.
    WrongKind,
    /// The array has too few elements.
    ArrayTooShort,
    /// The types are not compatible, or do not match.
    TypesDiffer,
    /// Several candidates match and do not agree.
    Ambiguous,
    /// The field changed its size, and the load or store cannot.
    SizeChange,
    /// The relocation itself, or the instruction, is not what it should be.
    Invalid,
}

impl Problem {
    /// Its name, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TypeMissing => "type_missing",
            Self::FieldMissing => "field_missing",
            Self::EnumeratorMissing => "enumerator_missing",
            Self::FieldIncompatible => "field_incompatible",
            Self::WrongKind => "wrong_kind",
            Self::ArrayTooShort => "array_too_short",
            Self::TypesDiffer => "types_differ",
            Self::Ambiguous => "ambiguous",
            Self::SizeChange => "size_change",
            Self::Invalid => "invalid",
        }
    }

    fn of(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::NoMember { .. } => Self::FieldMissing,
            Mismatch::Incompatible { .. } => Self::FieldIncompatible,
            Mismatch::NotAnArray { .. } | Mismatch::NotAnEnum { .. } => Self::WrongKind,
            Mismatch::TooShort { .. } => Self::ArrayTooShort,
            Mismatch::NoEnumerator => Self::EnumeratorMissing,
            Mismatch::TypesIncompatible | Mismatch::TypesDiffer => Self::TypesDiffer,
            _ => Self::Invalid,
        }
    }
}

/// Explains the relocations of one object against one target.
///
/// ```
/// use btf_types::{Btf, ByteOrder, IntEncoding, build::Builder};
/// use core_reloc::{RelocKind, Relocator, Target, generate_field_access};
/// use core_reloc_tools::explain::Explainer;
///
/// fn task(member: &str) -> Result<Vec<u8>, btf_types::build::Error> {
///     let mut btf = Builder::new(ByteOrder::Little);
///     let int = btf.int("int", 4, IntEncoding::new(32, IntEncoding::SIGNED));
///     btf.structure("task", 4).member(member, int, 0).finish();
///     btf.finish()
/// }
///
/// let (object, kernel) = (task("state")?, task("__state")?);
/// let (local, kernel) = (Btf::parse(&object)?, Btf::parse(&kernel)?);
/// let target = Target::new(&kernel);
/// let relocation = generate_field_access(&local, 0, "task", "state", RelocKind::FieldByteOffset)?;
///
/// let resolution = Relocator::new(&local, &target).resolve(&relocation)?;
/// let unmatched = resolution.unmatched.ok_or("it has no such member")?;
/// let explanation = Explainer::new(&local, &target).unmatched(&relocation, &unmatched);
/// assert_eq!(explanation.problem.name(), "field_missing");
/// assert_eq!(
///     explanation.cures[0].text,
///     "`struct task` has a member of such a type at the same place: `__state`",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Explainer<'a> {
    local: &'a Btf<'a>,
    target: &'a Target<'a>,
    /// What all searches together may still take.
    steps: u64,
    /// For looking at the types again, as the relocator did.
    session: Session<'a>,
}

/// How many candidates are compared.
const COMPARED: usize = 2;

impl<'a> Explainer<'a> {
    /// An explainer for an object whose own BTF is `local`.
    pub fn new(local: &'a Btf<'a>, target: &'a Target<'a>) -> Self {
        let input = local.as_bytes().len().saturating_add(target.size());
        Self {
            local,
            target,
            steps: EXPLANATIONS_STEPS,
            session: Session::new(Budget::for_input(input)),
        }
    }

    /// Why no candidate matched.
    pub fn unmatched(&mut self, relocation: &Relocation, unmatched: &Unmatched) -> Explanation {
        let reason = describe_unmatched(self.local, self.target, relocation, unmatched);
        let Some((_, mismatch)) = unmatched.ruled_out().first() else {
            let cures = self.search(|search| {
                let root = search.local.type_by_id(relocation.type_id);
                root.map_or_else(|_| Vec::new(), |root| search.root(root))
            });
            return plain(Problem::TypeMissing, reason, cures);
        };
        let local = self.local_spec(relocation);
        let mut explanation = plain(Problem::of(*mismatch), reason, Vec::new());
        for (candidate, mismatch) in unmatched.ruled_out().iter().take(COMPARED) {
            let Some(pair) = self.pair(local.as_ref(), relocation, *candidate, *mismatch) else {
                continue;
            };
            let cures = self.cures(relocation, &pair, *mismatch);
            let found: Vec<&str> = cures.iter().filter_map(|cure| cure.member.as_deref()).collect();
            let comparison = self.compare([pair.local, pair.target], &pair.focus, &found);
            explanation.comparisons.extend(comparison);
            for cure in cures {
                if !explanation.cures.contains(&cure) {
                    explanation.cures.push(cure);
                }
            }
        }
        explanation
    }

    /// Why an instruction is poisoned, or would be.
    pub fn poisoned(
        &mut self,
        relocation: &Relocation,
        resolution: &Resolution,
        poison: Poison,
    ) -> Explanation {
        if let (Poison::Unresolved, Some(unmatched)) = (poison, &resolution.unmatched) {
            return self.unmatched(relocation, unmatched);
        }
        let mut explanation = plain(Problem::SizeChange, poison.to_string(), Vec::new());
        explanation.comparisons.extend(self.matched(relocation, resolution.candidate));
        let local = self.local_spec(relocation);
        let last = local.as_ref().and_then(|local| local.accessors().last());
        let text = if last.is_some_and(|accessor| accessor.name_off.is_none()) {
            "read it with bpf_probe_read_kernel, as many bytes as bpf_core_field_size tells: its \
             address is right"
        } else {
            "read it with BPF_CORE_READ_BITFIELD, or BPF_CORE_READ_BITFIELD_PROBED from memory that \
             is not the program's: they take place, size and sign from the target; there is no such \
             way to write it"
        };
        explanation.cures.push(Cure::new(CureKind::Access, text.to_string()));
        explanation
    }

    /// Why a relocation failed.
    pub fn failed(&mut self, relocation: Option<&Relocation>, error: &Error) -> Explanation {
        let Cause::Ambiguous(ambiguity) = &error.cause else {
            return plain(Problem::Invalid, error.cause.to_string(), Vec::new());
        };
        let mut explanation = plain(Problem::Ambiguous, error.cause.to_string(), Vec::new());
        explanation.comparisons.extend(self.disagreeing(relocation, ambiguity));
        explanation.cures = self.apart(ambiguity);
        explanation
    }

    fn local_spec(&mut self, relocation: &Relocation) -> Option<LocalSpec<'a>> {
        self.session.budget().grant_relocation();
        LocalSpec::within(self.local, relocation, self.session.budget()).ok()
    }

    /// Two candidates side by side.
    fn disagreeing(
        &mut self,
        relocation: Option<&Relocation>,
        ambiguity: &Ambiguity,
    ) -> Option<Comparison> {
        let [first, second] = ambiguity.candidates.map(|candidate| self.behind(candidate));
        let local = relocation.and_then(|relocation| self.local_spec(relocation));
        let focus = local.as_ref().map(|local| accessor_name(local, 1)).unwrap_or_default();
        let mut comparison = self.compare([first?, second?], &focus, &[])?;
        comparison.titles = ambiguity.names.clone();
        Some(comparison)
    }

    /// What tells two candidates apart: the first member that one has alone.
    fn apart(&mut self, ambiguity: &Ambiguity) -> Vec<Cure> {
        let definitions = ambiguity.candidates.map(|candidate| {
            let definition = self.behind(candidate).and_then(|ty| self.define(ty));
            definition.filter(|definition| !definition.is_cut)
        });
        let [Some(first), Some(second)] = &definitions else { return Vec::new() };
        let [first, second] =
            [first, second].map(|one| one.lines.iter().map(|line| line.name.as_str()));
        let sides = [(first.clone(), second.clone()), (second, first)];
        let mut cures = Vec::new();
        for (title, (own, other)) in ambiguity.names.iter().zip(sides) {
            let others: BTreeSet<&str> = other.collect();
            let mut own = own.filter(|name| !name.is_empty() && !others.contains(name));
            if let Some(name) = own.next() {
                let text = format!(
                    "only {title} has `{name}`: if it is the one that is meant, let the program ask \
                     for that field first, by bpf_core_field_exists; the later accesses then go there"
                );
                cures.push(Cure {
                    member: Some(name.to_string()),
                    ..Cure::new(CureKind::Access, text)
                });
            }
        }
        if cures.is_empty() {
            let text = "both have the same members, so that no access can tell which is meant: let \
                        the loader choose the offset, as a constant in .rodata";
            cures.push(Cure::new(CureKind::Access, text.to_string()));
        }
        cures
    }

    /// The struct that the last member of a relocation is in, in the object and in the candidate
    /// that matches.
    fn matched(
        &mut self,
        relocation: &Relocation,
        candidate: Option<Candidate>,
    ) -> Option<Comparison> {
        let local = self.local_spec(relocation)?;
        let candidate = self.behind(candidate?)?;
        let last = local.accessors().iter().rposition(|accessor| accessor.name_off.is_some())?;
        let root = self.local.type_by_id(relocation.type_id).ok()?;
        let root = root.skip_modifiers_and_typedefs().ok()?;
        let ours = self.owner(&local, last, root)?;
        let theirs = self.owner(&local, last, candidate)?;
        self.compare([ours, theirs], &accessor_name(&local, last), &[])
    }

    /// The types that a mismatch is about.
    fn pair(
        &mut self,
        local: Option<&LocalSpec<'a>>,
        relocation: &Relocation,
        candidate: Candidate,
        mismatch: Mismatch,
    ) -> Option<Pair<'a>> {
        let root = self.local.type_by_id(relocation.type_id).ok()?;
        let root = root.skip_modifiers_and_typedefs().ok()?;
        let candidate = self.behind(candidate)?;
        let (step, within) = match mismatch {
            Mismatch::NoMember { accessor, target } => {
                (accessor, candidate.btf().type_by_id(target).ok()?)
            }
            Mismatch::Incompatible { accessor, .. } => {
                (accessor, self.owner(local?, accessor, candidate)?)
            }
            // The array is the member before the element.
            Mismatch::NotAnArray { accessor, .. } | Mismatch::TooShort { accessor, .. } => {
                let named = local?.accessors().get(..accessor)?;
                let step = named.iter().rposition(|accessor| accessor.name_off.is_some())?;
                (step, self.owner(local?, step, candidate)?)
            }
            Mismatch::NoEnumerator | Mismatch::NotAnEnum { .. } => (0, candidate),
            Mismatch::TypesIncompatible | Mismatch::TypesDiffer => {
                return Some(Pair {
                    local: root,
                    target: candidate,
                    focus: String::new(),
                    step: 0,
                });
            }
            _ => return None,
        };
        let owner = self.owner(local?, step, root)?;
        Some(Pair { local: owner, target: within, focus: accessor_name(local?, step), step })
    }

    /// The struct or enum in which an accessor of the local spec is looked for, from a root type of
    /// either side.
    fn owner(&mut self, local: &LocalSpec<'a>, step: usize, root: Type<'a>) -> Option<Type<'a>> {
        let mut ty = root;
        for accessor in local.accessors().get(1..step).unwrap_or_default() {
            let id = match accessor.name_off {
                None => ty.array()?.element,
                Some(name_off) => {
                    let name = local.spec().btf.string(name_off).ok()?;
                    let mut path = AccessPath::default();
                    let found = self.session.find_member(ty, &name, &mut path);
                    found.ok()??.type_id
                }
            };
            ty = ty.btf().type_by_id(id).ok()?.skip_modifiers_and_typedefs().ok()?;
        }
        Some(ty)
    }

    fn cures(&mut self, relocation: &Relocation, pair: &Pair<'a>, mismatch: Mismatch) -> Vec<Cure> {
        let local = self.local_spec(relocation);
        match mismatch {
            Mismatch::NoMember { .. } => {
                let accessor = local.and_then(|local| local.accessors().get(pair.step).copied());
                let Some(accessor) = accessor else { return Vec::new() };
                let lost =
                    Lost { name: &pair.focus, owner: pair.local, type_id: accessor.member_type };
                self.search(|search| search.member(lost, pair.target))
            }
            Mismatch::NoEnumerator => {
                self.search(|search| search.enumerator(&pair.focus, pair.local, pair.target))
            }
            Mismatch::TooShort { len, .. } => {
                let text = format!(
                    "such targets have {len} elements: compare the index with the number that \
                     bpf_core_field_size tells, before the access",
                );
                Vec::from([Cure::new(CureKind::Access, text)])
            }
            Mismatch::Incompatible { .. } | Mismatch::NotAnArray { .. } => {
                self.spend(pair.target.members().len());
                if self.steps == 0 {
                    return Vec::new();
                }
                let is_it = |name: btf_types::Name<'_>| name == pair.focus.as_str();
                let member =
                    pair.target.members().iter().find(|member| member.name().is_ok_and(is_it));
                let Some(ty) = member.and_then(|member| member.ty().ok()) else {
                    return Vec::new();
                };
                let declaration = declaration_in_c(ty, &pair.focus);
                let text = format!(
                    "for such targets, use a flavor of `{}` in which it is `{declaration}`",
                    type_in_c(pair.target),
                );
                let code = cure::flavored(pair.target, &format!("{declaration};"));
                Vec::from([Cure { code: Some(code), ..Cure::new(CureKind::Access, text) }])
            }
            _ => Vec::new(),
        }
    }

    /// Two types side by side, for as long as there are steps left.
    fn compare(&mut self, types: [Type<'a>; 2], focus: &str, found: &[&str]) -> Option<Comparison> {
        let [left, right] = types.map(|ty| self.define(ty).map(|definition| definition.lines));
        Some(Comparison::between(types, [left?, right?], focus, found))
    }

    /// A type as C writes it, for as long as there are steps left.
    fn define(&mut self, ty: Type<'a>) -> Option<Definition> {
        if self.steps == 0 {
            return None;
        }
        let definition = Definition::of(ty);
        // A step for each byte: it is written, copied, and compared.
        let bytes =
            definition.lines.iter().map(|line| line.text.len().saturating_add(line.name.len()));
        self.spend(bytes.fold(definition.lines.len(), usize::saturating_add));
        Some(definition)
    }

    fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps as u64);
    }

    /// A candidate, modifiers and typedefs behind.
    fn behind(&self, candidate: Candidate) -> Option<Type<'a>> {
        self.target.candidate(candidate).ok()?.skip_modifiers_and_typedefs().ok()
    }

    /// Searches for as long as there are steps left.
    fn search<T>(&mut self, look: impl FnOnce(&mut Search<'a>) -> T) -> T {
        let granted = self.steps.min(EXPLANATION_STEPS);
        let mut search = Search { local: self.local, target: self.target, steps: granted };
        let found = look(&mut search);
        self.steps = self.steps.saturating_sub(granted.saturating_sub(search.steps));
        found
    }
}

/// Two types that do not go together.
struct Pair<'a> {
    local: Type<'a>,
    target: Type<'a>,
    /// The name of the member or enumerator that it is about.
    focus: String,
    /// Which accessor of the local spec that is.
    step: usize,
}

fn plain(problem: Problem, reason: String, cures: Vec<Cure>) -> Explanation {
    Explanation { problem, reason, comparisons: Vec::new(), cures }
}

/// The name of the member or enumerator of an accessor; empty for an element.
fn accessor_name(spec: &LocalSpec<'_>, step: usize) -> String {
    let name_off = spec.accessors().get(step).and_then(|accessor| accessor.name_off);
    let name = name_off.and_then(|name_off| spec.spec().btf.string(name_off).ok());
    name.map(|name| quote(&name)).unwrap_or_default()
}
