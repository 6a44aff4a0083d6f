//! The names of all types.

use core::ops::ControlFlow;

use btf_types::Kind;

use crate::{error::Result, items::Definitions, selection::TYPES, store::Store};

impl Store<'_> {
    /// Calls a function with the kind and the name of each type of any kernel that has a name in C. Each kind
    /// and name is visited once, or more often if one kernel has several such types.
    ///
    /// ```
    /// use btf_store::{Error, Selection, Store};
    ///
    /// /// Returns a selection of all types whose names start with `tcp_`.
    /// fn of_tcp(store: &Store<'_>) -> Result<Selection, Error> {
    ///     let mut names = Vec::new();
    ///     store.type_names(|_, name| {
    ///         if name.starts_with(b"tcp_") {
    ///             names.push(name.to_vec());
    ///         }
    ///     })?;
    ///     Ok(Selection::new().types(names))
    /// }
    /// ```
    ///
    /// # Errors
    /// If the store is damaged where it is read.
    pub fn type_names(&self, mut visit: impl FnMut(Kind, &[u8])) -> Result<()> {
        let mut reader = Definitions::new(self);
        TYPES.into_iter().try_for_each(|kind| {
            reader.for_each_key(kind, &[], |definition| {
                visit(kind, &definition.name);
                ControlFlow::Continue(())
            })
        })
    }
}
