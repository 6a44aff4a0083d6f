//! Checking that split BTF was made for its base.
//!
//! Nothing in split BTF identifies its base. But encoders refer only to whole strings, and only to types of
//! kinds that make sense. On another base, such as another build of the kernel, a third or more of the string
//! offsets lie inside a string.

use crate::{
    Btf, Kind, KindSet, StrOffset, Type, TypeId,
    error::{Error, Result},
    layout::Role,
};

impl<'a> Btf<'a> {
    /// Checks that this split BTF was made for its base: every string offset in the base is the start of a
    /// string, and every reference leads to a type of a kind that makes sense there. BTF without a base
    /// passes.
    ///
    /// On another build of a kernel, a module's BTF has types with the wrong names and members, although
    /// [`Btf::validate`] finds no error. This check reads each word of the BTF's own types once, and some
    /// words of the base: a fraction of the time that parsing a kernel takes.
    ///
    /// ```
    /// use btf_types::{Btf, ByteOrder, Error, TypeId, build::Builder};
    ///
    /// let kernel = |first: &str| {
    ///     let mut btf = Builder::new(ByteOrder::Little);
    ///     btf.fwd_struct(first);
    ///     btf.fwd_struct("task_struct");
    ///     btf.finish()
    /// };
    /// let (right, wrong) = (kernel("sock")?, kernel("socket")?);
    /// let right = Btf::parse(&right)?;
    /// let mut module = Builder::split(&right);
    /// module.typedef("task_struct", TypeId(2));
    /// let module = module.finish()?;
    ///
    /// assert_eq!(Btf::parse_split(&module, &right)?.check_base(), Ok(()));
    /// let wrong = Btf::parse(&wrong)?;
    /// let error = Btf::parse_split(&module, &wrong)?.check_base();
    /// assert!(matches!(error, Err(Error::WrongBase { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongBase`] for the first string offset or reference that cannot be right.
    pub fn check_base(&'a self) -> Result<()> {
        if self.base().is_none() {
            return Ok(());
        }
        let (start_str, start_id) = (self.start_str_offset().0, self.start_id().0);
        for ty in self.own_types() {
            let kind = ty.kind();
            for (role, word) in ty.words() {
                let fits = match role {
                    Role::Name => word >= start_str || self.starts_string(StrOffset(word)),
                    Role::Type => word == 0 || word >= start_id || self.refers_well(ty, word),
                    Role::Number => continue,
                };
                if !fits {
                    let what = if role == Role::Name { "string offset" } else { "type id" };
                    return Err(Error::WrongBase { id: ty.id(), kind, what, found: word });
                }
            }
        }
        Ok(())
    }

    /// Returns `true` if a string of this BTF or of a base starts at an offset.
    fn starts_string(&self, offset: StrOffset) -> bool {
        let mut btf = self;
        while let Some(base) = btf.base()
            && offset < btf.start_str_offset()
        {
            btf = base;
        }
        let Some(index) = offset.0.checked_sub(btf.start_str_offset().0) else { return false };
        match (index as usize).checked_sub(1) {
            None => true,
            Some(before) => btf.string_bytes().get(before) == Some(&0),
        }
    }

    /// Returns `true` if a type can refer to the type with an id, which is one of the base's.
    fn refers_well(&'a self, from: Type<'a>, to: u32) -> bool {
        self.type_by_id(TypeId(to)).is_ok_and(|to| can_refer(from.kind(), to.kind()))
    }
}

/// Returns `true` if a compiler makes a type of one kind refer to one of another.
fn can_refer(from: Kind, to: Kind) -> bool {
    let is_declaration = DECLARATIONS.contains(to);
    match from {
        Kind::Func => to == Kind::FuncProto,
        Kind::DataSec => matches!(to, Kind::Var | Kind::Func),
        Kind::DeclTag => to.is_composite() || matches!(to, Kind::Typedef | Kind::Var | Kind::Func),
        Kind::LocProto => to == Kind::LocParam,
        Kind::LocSec => matches!(to, Kind::Func | Kind::LocProto),
        // Functions are not values.
        Kind::Struct | Kind::Union | Kind::Array | Kind::FuncProto | Kind::Var => {
            !is_declaration && to != Kind::FuncProto
        }
        _ => !is_declaration,
    }
}

/// The kinds that are not types of C.
const DECLARATIONS: KindSet = KindSet::of(&[
    Kind::Func,
    Kind::Var,
    Kind::DataSec,
    Kind::DeclTag,
    Kind::LocParam,
    Kind::LocProto,
    Kind::LocSec,
]);
