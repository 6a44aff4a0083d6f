//! The cases that all contenders run.

use std::path::PathBuf;

use super::inputs::{Inputs, Kernel, Object};
use super::job::How;

/// A case: one object and its targets.
#[derive(Debug)]
pub struct Case {
    /// The name within the group.
    pub key: String,
    /// How the object is relocated.
    pub how: How,
    /// The targets.
    pub targets: Vec<PathBuf>,
    /// The object.
    pub object: Object,
}

impl Case {
    fn new(key: impl Into<String>, how: How, targets: &[&Kernel], object: &Object) -> Self {
        let targets = targets.iter().map(|kernel| kernel.path.clone()).collect();
        Self { key: key.into(), how, targets, object: object.clone() }
    }
}

/// Returns the cases of the table.
pub fn table(inputs: &Inputs) -> Vec<Case> {
    let kernel = &[&inputs.kernel][..];
    let kernels: Vec<&Kernel> = inputs.kernels.iter().collect();
    vec![
        Case::new("a", How::Cold, kernel, &inputs.small),
        Case::new("b", How::Cold, kernel, &inputs.medium),
        Case::new("c", How::Cold, kernel, &inputs.large),
        Case::new("d", How::Warm, kernel, &inputs.large),
        Case::new("f", How::Many, &kernels, &inputs.small),
    ]
}

/// Returns case (g) with increasing numbers of relocations, up to that of case (c).
pub fn more_relocations(inputs: &Inputs) -> Vec<Case> {
    let step = |object: &Object| {
        Case::new(object.relocations.to_string(), How::Cold, &[&inputs.kernel], object)
    };
    inputs.steps.iter().map(step).collect()
}

/// Returns case (g) with increasing targets.
pub fn larger_targets(inputs: &Inputs) -> Vec<Case> {
    let step = |kernel: &Kernel| Case::new(&kernel.name, How::Cold, &[kernel], &inputs.small);
    inputs.larger.iter().map(step).collect()
}
