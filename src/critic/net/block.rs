//! The places of the parameters of a perceptron.

/// A matrix of shape (outputs, inputs) at `weights`, its bias, and the gain and shift of its normalisation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) weights: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) hidden: bool,
    pub(super) norm: bool,
}

impl Block {
    pub(super) fn bias(&self) -> usize {
        self.weights + self.inputs * self.outputs
    }

    pub(super) fn gain(&self) -> usize {
        self.bias() + self.outputs
    }

    pub(super) fn end(&self) -> usize {
        self.gain() + if self.norm { 2 * self.outputs } else { 0 }
    }
}
