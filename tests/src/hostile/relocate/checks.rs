//! Invariants of relocating any input.

use btf_types::{Btf, Type, TypeId};
use core_reloc::{
    AccessPath, Applied, Cause, Code, Error, OnUnresolved, Options, Patched, Poison, RelocKind,
    Relocation, Relocator, Resolution, Status, Target, access_in_c,
    describe::describe_unmatched,
    functions::{
        apply_relocations, create_relocation, resolve_bitfield_shifts, resolve_enum_value,
        resolve_enum_value_exists, resolve_field_exists, resolve_field_offset,
        resolve_field_signed, resolve_field_size, resolve_type_exists, resolve_type_matches,
        resolve_type_size, target_bitfield_shifts, target_enum_value, target_enum_value_exists,
        target_field_exists, target_field_offset, target_field_signed, target_field_size,
        target_type_exists, target_type_id, target_type_matches, target_type_size,
    },
    generate::local_value,
    patch,
};
use core_reloc_tools::{
    explain::Explainer,
    minimize::{Needs, minimize},
};

use super::input::Input;
use crate::hostile::walk::printed;

/// The most bytes of a text about a relocation, even one with long names.
const LONGEST_TEXT: usize = 1 << 14;

/// An object and a target.
pub(super) struct Case<'a> {
    pub(super) local: &'a Btf<'a>,
    pub(super) target: &'a Target<'a>,
    pub(super) input: &'a Input,
}

/// The code after all relocations, and the result of each.
#[derive(Debug, PartialEq)]
struct Outcome {
    code: Vec<u8>,
    patched: Vec<Result<Patched, Error>>,
}

impl Case<'_> {
    pub(super) fn check(&self) {
        let (target, indexed) = (self.target, &self.target.clone().indexed());
        let (relocations, options) = (&self.decode(), self.input.options);
        let outcome = self.step_by_step(target, relocations, options);
        assert_eq!(outcome, self.step_by_step(target, relocations, options), "a second time");
        assert_eq!(outcome, self.step_by_step(indexed, relocations, options), "indexed");
        assert_eq!(outcome, self.at_once(target, relocations, options), "all roots at once");
        assert_eq!(outcome, self.at_once(indexed, relocations, options), "both");
        if options == Options::default() && target.modules().is_empty() {
            let mut code = self.input.code.clone();
            let applied = apply_relocations(&mut code, relocations, self.local, target.main());
            assert_eq!(outcome, Outcome { code, patched: patched(applied) }, "by the function");
        }
        self.check_minimized(relocations, options);
        for relocation in relocations {
            self.check_alone(relocation);
        }
        self.check_independence(relocations);
    }

    /// Returns the relocations of the valid records.
    fn decode(&self) -> Vec<Relocation> {
        let relocator = Relocator::new(self.local, self.target);
        assert!(std::ptr::eq(relocator.local(), self.local));
        assert!(std::ptr::eq(relocator.target().main(), self.target.main()));
        let decode = |record| match relocator.decode(record) {
            Ok(relocation) => {
                let same = Relocation::from_record(self.local, record);
                assert_eq!(same.as_ref(), Ok(&relocation));
                Some(relocation)
            }
            Err(error) => {
                check_error(&error);
                None
            }
        };
        self.input.records.iter().filter_map(decode).collect()
    }

    /// Processes one relocation after the other, and checks each resolution before it is applied.
    fn step_by_step(
        &self,
        target: &Target<'_>,
        relocations: &[Relocation],
        options: Options,
    ) -> Outcome {
        let mut code = self.input.code.clone();
        let mut relocator = Relocator::with_options(self.local, target, options);
        let mut explainer = Explainer::new(self.local, target);
        let mut outcomes = Vec::new();
        for relocation in relocations {
            let before = code.clone();
            let resolution = relocator.resolve(relocation);
            check_explanation(&mut explainer, relocation, &resolution);
            let patched = resolution.and_then(|resolution| {
                self.check_resolution(target, relocation, &resolution);
                let alone = patch(&mut before.clone(), &resolution, options.unresolved);
                let patched = relocator.apply(&mut code, relocation, &resolution);
                assert_eq!(alone.ok(), patched.as_ref().ok().copied());
                patched
            });
            check_patched(&before, &code, relocation.insn_off, &patched, options);
            outcomes.push(patched);
        }
        for root in relocator.roots_without_candidates() {
            assert!(relocations.iter().any(|relocation| relocation.type_id == root));
        }
        Outcome { code, patched: outcomes }
    }

    fn at_once(
        &self,
        target: &Target<'_>,
        relocations: &[Relocation],
        options: Options,
    ) -> Outcome {
        let mut code = self.input.code.clone();
        let mut relocator = Relocator::with_options(self.local, target, options);
        relocator.prepare([TypeId::VOID, TypeId(u32::MAX)]);
        let applied = relocator.relocate_all(&mut code, relocations);
        Outcome { code, patched: patched(applied) }
    }

    /// Minimizes the target. Minimizing compares all results by itself.
    fn check_minimized(&self, relocations: &[Relocation], options: Options) {
        let needs = Needs { local: self.local, relocations: relocations.to_vec() };
        match minimize(&[needs], self.target, options) {
            Ok(minimized) => {
                // A valid target must stay valid.
                let target = self.target;
                let mut parts = target.modules().iter().map(|module| module.btf);
                let is_valid = target.main().validate().is_ok()
                    && parts.all(|module| module.validate().is_ok());
                let main = Btf::parse(&minimized.main).expect("it is well-formed");
                assert!(!is_valid || main.validate() == Ok(()));
                for module in &minimized.modules {
                    let module = Btf::parse_split(module, &main).expect("it is well-formed");
                    assert!(!is_valid || module.validate() == Ok(()));
                }
            }
            Err(error) => assert!((1..LONGEST_TEXT).contains(&error.to_string().len())),
        }
    }

    fn check_resolution(
        &self,
        target: &Target<'_>,
        relocation: &Relocation,
        resolution: &Resolution,
    ) {
        let kind = relocation.kind;
        assert_eq!((resolution.kind, resolution.insn_off), (kind, relocation.insn_off));
        assert_eq!(resolution.byte_order, self.local.byte_order());
        assert_eq!(resolution.value(), resolution.change.map(|change| change.value));
        let found = resolution.candidate.is_some();
        assert_eq!(found, resolution.unmatched.is_none() && kind != RelocKind::TypeIdLocal);
        if kind.is_existence() {
            assert_eq!(resolution.value(), Some(found.into()));
        }
        if let Some(candidate) = resolution.candidate {
            let ty = target.candidate(candidate).expect("a type of the target");
            let root = self.local.type_by_id(relocation.type_id).expect("a local type");
            assert!(ty.kind() == root.kind() || ty.kind().is_enum() && root.kind().is_enum());
        }
        if let Some(unmatched) = &resolution.unmatched {
            let text = describe_unmatched(self.local, target, relocation, unmatched);
            assert!(!text.is_empty() && text.len() < LONGEST_TEXT, "{} bytes", text.len());
            for (candidate, mismatch) in unmatched.ruled_out() {
                assert!(target.candidate(*candidate).is_ok());
                assert!(printed(format_args!("{mismatch}")) > 0);
            }
        }
    }

    /// Checks a relocation independently of all others.
    fn check_alone(&self, relocation: &Relocation) {
        let text = access_in_c(self.local, relocation);
        assert!(!text.is_empty() && text.len() < LONGEST_TEXT);
        match local_value(self.local, relocation) {
            Ok(value) => assert!(!relocation.kind.is_existence() || value == 1),
            Err(error) => check_error(&error),
        }
        let Relocation { insn_off, type_id, access, kind } = relocation.clone();
        let created = create_relocation(insn_off, type_id, &access.to_string(), kind);
        assert_eq!(created.as_ref(), Ok(relocation));

        let resolved = Relocator::new(self.local, self.target).resolve(relocation);
        self.check_function(relocation, &resolved);
        let mut code = self.input.code.clone();
        let applied = Relocator::new(self.local, self.target).relocate(&mut code, relocation);
        let patched = applied.map(|applied| applied.patched);
        check_patched(&self.input.code, &code, insn_off, &patched, Options::default());
        assert!(resolved.is_ok() || patched.is_err());
        for btf in [self.local, self.target.main()] {
            check_one_btf(btf, type_id, &access);
        }
    }

    /// The named function of the kind must return the same value.
    fn check_function(&self, relocation: &Relocation, resolved: &Result<Resolution, Error>) {
        let Relocation { type_id, access, kind, .. } = relocation;
        let (local, target, root, access) = (self.local, self.target, *type_id, access.to_string());
        let value = |resolution: &Resolution| resolution.value();
        let found = |resolution: &Resolution| resolution.candidate.and(resolution.value());
        let expected = resolved.as_ref().ok();
        let (expected, answer) = match kind {
            RelocKind::FieldByteOffset => {
                (expected.map(value), target_field_offset(local, target, root, &access).ok())
            }
            RelocKind::FieldByteSize => {
                (expected.map(value), target_field_size(local, target, root, &access).ok())
            }
            RelocKind::FieldSigned => {
                let answer = target_field_signed(local, target, root, &access).ok();
                (expected.map(value), answer.map(|signed| signed.map(u64::from)))
            }
            RelocKind::FieldExists => {
                let answer = target_field_exists(local, target, root, &access).ok();
                (expected.map(value), answer.map(|exists| Some(exists.into())))
            }
            RelocKind::FieldLshiftU64 => {
                let answer = target_bitfield_shifts(local, target, root, &access).ok();
                (expected.map(value), answer.map(|shifts| shifts.map(|shifts| shifts.left)))
            }
            RelocKind::FieldRshiftU64 => {
                let answer = target_bitfield_shifts(local, target, root, &access).ok();
                (expected.map(value), answer.map(|shifts| shifts.map(|shifts| shifts.right)))
            }
            RelocKind::TypeIdLocal => (expected.map(value), Some(Some(root.0.into()))),
            RelocKind::TypeIdTarget => {
                let answer = target_type_id(local, target, root, &access).ok();
                (expected.map(found), answer.map(|id| id.map(|id| id.0.into())))
            }
            RelocKind::TypeExists => {
                let answer = target_type_exists(local, target, root, &access).ok();
                (expected.map(value), answer.map(|exists| Some(exists.into())))
            }
            RelocKind::TypeSize => {
                (expected.map(found), target_type_size(local, target, root, &access).ok())
            }
            RelocKind::TypeMatches => {
                let answer = target_type_matches(local, target, root, &access).ok();
                (expected.map(value), answer.map(|matches| Some(matches.into())))
            }
            RelocKind::EnumvalExists => {
                let answer = target_enum_value_exists(local, target, root, &access).ok();
                (expected.map(value), answer.map(|exists| Some(exists.into())))
            }
            RelocKind::EnumvalValue => {
                let answer = target_enum_value(local, target, root, &access).ok();
                // Where the sign is not stated, the target's BTF may show the enumerator to be unsigned.
                let extended = |value: i128| {
                    let is_large = expected.map(|it| it.value()) == Some(Some(value as i32 as u64));
                    if is_large { value as i32 as u64 } else { value as u64 }
                };
                (expected.map(value), answer.map(|value| value.map(extended)))
            }
            _ => panic!("{kind}"),
        };
        // `target_bitfield_shifts` fails if either shift does.
        let shifts = matches!(kind, RelocKind::FieldLshiftU64 | RelocKind::FieldRshiftU64);
        if kind == &RelocKind::TypeIdLocal {
            assert!(expected.is_none() || expected == answer);
        } else if !shifts || answer.is_some() {
            assert_eq!(expected, answer, "{kind}");
        }
    }

    /// Without narrowing, earlier relocations must not affect the result.
    fn check_independence(&self, relocations: &[Relocation]) {
        let options = Options::default().narrow(false);
        let mut relocator = Relocator::with_options(self.local, self.target, options);
        for relocation in relocations {
            let fresh =
                Relocator::with_options(self.local, self.target, options).resolve(relocation);
            assert_eq!(relocator.resolve(relocation), fresh);
        }
    }
}

/// Explains a resolution, even one that needs no explanation.
fn check_explanation(
    explainer: &mut Explainer<'_>,
    relocation: &Relocation,
    resolution: &Result<Resolution, Error>,
) {
    let explanation = match resolution {
        Ok(resolution) => match &resolution.unmatched {
            Some(unmatched) => explainer.unmatched(relocation, unmatched),
            None => explainer.poisoned(relocation, resolution, Poison::Resized { from: 4, to: 0 }),
        },
        Err(error) => explainer.failed(Some(relocation), error),
    };
    assert!(!explanation.reason.is_empty() && !explanation.problem.name().is_empty());
    for suggestion in &explanation.suggestions {
        assert!(!suggestion.text.is_empty() && suggestion.text.len() < LONGEST_TEXT);
        assert!(suggestion.code.as_ref().is_none_or(|code| code.len() < LONGEST_TEXT));
    }
    assert!(printed(format_args!("{:?}", explanation.comparisons)) > 0);
}

/// An error must name its relocation and its cause.
fn check_error(error: &Error) {
    assert!(!error.subject.is_empty());
    let text = printed(format_args!("{error}"));
    assert!(text < LONGEST_TEXT, "an error of {text} bytes");
    assert!(printed(format_args!("{error:?} {}", error.cause)) > 0);
}

/// Only the instruction may change, and only as reported.
fn check_patched(
    before: &[u8],
    after: &[u8],
    insn_off: u32,
    patched: &Result<Patched, Error>,
    options: Options,
) {
    let patched = match patched {
        Ok(patched) => patched,
        Err(error) => {
            check_error(error);
            assert_eq!(before, after, "an error must leave the code unchanged");
            let unresolved = matches!(error.cause, Cause::Unresolved { .. });
            return assert!(!unresolved || options.unresolved == OnUnresolved::Error);
        }
    };
    assert_eq!(Code::at(before, insn_off), Some(patched.before));
    assert_eq!(
        Code::at(after, insn_off).map(|code| code.as_bytes()[0]),
        Some(patched.after.as_bytes()[0])
    );
    let (start, len) = (insn_off as usize, patched.before.as_bytes().len());
    assert_eq!(patched.after.as_bytes(), &after[start..][..len]);
    assert_eq!(
        (&before[..start], &before[start + len..]),
        (&after[..start], &after[start + len..])
    );
    match patched.status {
        Status::Relocated => {}
        Status::Poisoned(poison) => {
            assert_eq!(options.unresolved, OnUnresolved::Poison, "{poison}");
            assert!(patched.after.as_bytes().chunks(8).all(|slot| slot[0] == 0x85));
        }
        Status::Kept(poison) => {
            assert_eq!(options.unresolved, OnUnresolved::Keep, "{poison}");
            assert_eq!(before, after);
        }
        status => panic!("{status:?}"),
    }
    assert!(printed(format_args!("{} {:?}", patched.before, patched.after)) > 0);
}

/// The patched instructions of applied relocations.
fn patched(applied: Vec<Result<Applied, Error>>) -> Vec<Result<Patched, Error>> {
    applied.into_iter().map(|applied| applied.map(|applied| applied.patched)).collect()
}

/// The functions that take one BTF agree with each other on any type and path.
fn check_one_btf(btf: &Btf<'_>, type_id: TypeId, path: &AccessPath) {
    let exists = resolve_field_exists(btf, type_id, path);
    let offset = resolve_field_offset(btf, type_id, path);
    if let (Ok(exists), Ok(offset)) = (&exists, &offset) {
        assert_eq!(*exists, offset.is_some());
    }
    if let Ok(Some(shifts)) = resolve_bitfield_shifts(btf, type_id, path) {
        assert!(shifts.left < 64 && shifts.right < 64);
    }
    let _ = resolve_field_size(btf, type_id, path);
    let _ = resolve_field_signed(btf, type_id, path);
    let size = resolve_type_size(btf, type_id);
    assert_eq!(
        size.ok().flatten(),
        btf.type_by_id(type_id).and_then(Type::size).ok().map(u64::from)
    );
    if let Ok(ty) = btf.type_by_id(type_id).and_then(Type::skip_modifiers_and_typedefs) {
        for enumerator in ty.enumerators().iter().take(8) {
            if let Some(name) = enumerator.name().ok().and_then(|name| name.to_str().ok()) {
                assert_eq!(resolve_enum_value_exists(btf, type_id, name), Ok(true));
                assert!(resolve_enum_value(btf, type_id, name).unwrap().is_some());
            }
        }
    }
    // A type matches itself, unless it is nested too deeply or broken.
    let _ = resolve_type_matches(btf, btf, type_id, type_id);
    if let Ok(name) = btf.type_by_id(type_id).and_then(|ty| ty.name())
        && let Ok(name) = name.to_str()
    {
        let _ = resolve_type_exists(btf, name);
    }
}
