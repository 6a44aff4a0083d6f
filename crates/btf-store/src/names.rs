//! The names of all types.

use btf_types::Kind;

use crate::{error::Result, items::Definitions, selection::TYPES, store::Store};

impl Store<'_> {
    /// Calls a function with the kind and the name of each type of any kernel that has a name in C. Types of one
    /// kind and name are one, except for those that one kernel has several of.
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
        for kind in TYPES {
            let (mut number, end) = self.kind_range(kind);
            while number < end {
                let definition = reader.get(number)?;
                visit(kind, &definition.name);
                // A hostile store may say that a key ends before this definition.
                number = definition.end().max(number.saturating_add(1));
            }
        }
        Ok(())
    }
}
