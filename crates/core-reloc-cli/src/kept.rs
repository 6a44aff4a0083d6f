//! Values that live until the program ends.

/// Keeps a value until the program ends, when the system takes back all memory at once. To free an object and the
/// types of a kernel piece by piece takes longer than that, and nothing is gained.
///
/// It is for what a command needs once, not for each of many kernels.
pub(crate) fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
