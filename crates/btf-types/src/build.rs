//! A builder that writes BTF. (being written)
