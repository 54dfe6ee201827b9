//! A network: an architecture and its numbers.

use ndarray::{Array1, Array2, ArrayView2};

use crate::critic::net::architecture::Architecture;
use crate::critic::net::block::Block;
use crate::critic::net::buffers::Buffers;
use crate::critic::net::buffers::Numbers;
use crate::critic::net::layer::{Layer, Pull, Step, straight};
use crate::critic::net::{GradientPenalty, Scalar};
use crate::error::{Error, ErrorKind, Result};

/// A network over batches of points, with gradients by hand: of its parameters, of its input, and of a penalty on
/// its input gradient.
///
/// All parameters are one flat vector, for each matrix in order: W of shape (outputs, inputs) row by row, its bias, and where there
/// is layer normalisation gain and shift. A batch has shape (points, inputs). Costs of a pass are those of its matrix products:
/// about points · parameters multiplications forward, twice that back.
///
/// ```
/// use earthwork::critic::net::{Activation, Architecture, Network};
/// use ndarray::array;
///
/// let mlp = Architecture::mlp(2, &[16], 1).with_activation(Activation::Tanh);
/// let network = Network::<f64>::new(mlp, 7)?;
/// let values = network.values(array![[0.0, 1.0], [2.0, -1.0]].view());
/// assert_eq!(values.dim(), (2, 1));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network<T> {
    architecture: Architecture,
    layers: Vec<Layer>,
    parameters: Vec<T>,
    /// Running means and variances of normalisations over batches.
    statistics: Vec<T>,
    buffers: Buffers<T>,
}

/// What a pass forward leaves behind, for the passes back.
#[derive(Debug)]
pub struct Trace<T: Scalar> {
    steps: Vec<Step<T>>,
    buffers: Buffers<T>,
    /// The outputs, of shape (points, outputs).
    pub values: Array2<T>,
}

impl<T: Scalar> Drop for Trace<T> {
    fn drop(&mut self) {
        self.steps.drain(..).for_each(|step| step.give(&self.buffers));
        self.buffers.give(std::mem::take(&mut self.values));
    }
}

impl<T: Scalar> Network<T> {
    /// A network with parameters drawn from `seed`.
    ///
    /// # Errors
    /// When a width is 0 or does not fit the activation.
    pub fn new(architecture: Architecture, seed: u64) -> Result<Self> {
        architecture.check()?;
        let parameters = architecture.draw(seed);
        Ok(Self::assembled(architecture, parameters))
    }

    /// A network with the given parameters.
    ///
    /// # Errors
    /// As [`Network::new`], and when the parameters are not as many as needed or one is not finite.
    pub fn with_parameters(architecture: Architecture, parameters: Vec<T>) -> Result<Self> {
        architecture.check()?;
        let (expected, found) = (architecture.parameters(), parameters.len());
        if expected != found {
            let kind =
                ErrorKind::Length { what: "parameters", expected, found, reason: "the architecture has as many" };
            return Err(Error::new("parameters", kind));
        }
        if let Some(value) = parameters.iter().find(|value| !value.is_finite()) {
            let kind = ErrorKind::Parameter { value: value.to_f64(), requirement: "parameters must be finite" };
            return Err(Error::new("parameters", kind));
        }
        Ok(Self::assembled(architecture, parameters))
    }

    fn assembled(architecture: Architecture, parameters: Vec<T>) -> Self {
        // Means 0 and variances 1, as in PyTorch.
        let assembly = architecture.assembly().unwrap_or_default();
        let mut statistics = vec![T::zero(); assembly.statistics];
        for (_, at, channels) in &assembly.running {
            statistics[at + channels..at + 2 * channels].fill(T::one());
        }
        Self { layers: architecture.layers(), architecture, parameters, statistics, buffers: Buffers::default() }
    }

    /// What it is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// All parameters.
    pub fn parameters(&self) -> &[T] {
        &self.parameters
    }

    /// All parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.parameters
    }

    /// The running means and variances of normalisations over batches.
    pub(crate) fn statistics(&self) -> &[T] {
        &self.statistics
    }

    /// The same, to be changed.
    pub(crate) fn statistics_mut(&mut self) -> &mut [T] {
        &mut self.statistics
    }

    /// Takes the moments of a pass [`forward`](Network::forward) into the running ones of its normalisations over batches, a tenth of them.
    /// Nothing where there are none.
    pub fn absorb(&mut self, trace: &Trace<T>) {
        Layer::absorb_all(&self.layers, &trace.steps, &mut self.statistics);
    }

    /// The entries of each matrix, in order; `flat` is laid out as the parameters are (they themselves, or a gradient).
    ///
    /// # Panics
    /// When `flat` has another length than the parameters.
    pub fn weights<'f>(&self, flat: &'f [T]) -> Vec<&'f [T]> {
        assert_eq!(flat.len(), self.parameters.len(), "one number for each parameter");
        self.blocks().iter().map(|block| &flat[block.weights..block.bias()]).collect()
    }

    /// The places of its matrices.
    pub(super) fn blocks(&self) -> Vec<Block> {
        self.architecture.blocks()
    }

    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The outputs for a batch, of shape (points, outputs), each point by itself: normalisations over batches take the running moments.
    ///
    /// # Panics
    /// When the points do not have as many coordinates as the network has inputs.
    pub fn values(&self, points: ArrayView2<'_, T>) -> Array2<T> {
        self.assert_width(points);
        Layer::values_all(&self.layers, self.numbers_by_running(), self.buffers.copy(points))
    }

    /// The outputs, and what the passes back need. Normalisations over batches take the moments of this batch.
    ///
    /// # Panics
    /// As [`Network::values`].
    pub fn forward(&self, points: ArrayView2<'_, T>) -> Trace<T> {
        self.pass(self.numbers(), points)
    }

    fn pass(&self, numbers: Numbers<'_, T>, points: ArrayView2<'_, T>) -> Trace<T> {
        self.assert_width(points);
        let mut steps = Vec::with_capacity(self.layers.len());
        let values = Layer::forward_all(&self.layers, numbers, self.buffers.copy(points), &mut steps);
        Trace { steps, buffers: self.buffers.shared(), values }
    }

    /// From ∂L/∂outputs: adds ∂L/∂parameters to `sink` and returns ∂L/∂inputs.
    pub fn backward(&self, trace: &Trace<T>, outputs: Array2<T>, sink: &mut [T]) -> Array2<T> {
        Layer::backward_all(&self.layers, self.numbers(), &trace.steps, outputs, Some(sink), None, None)
    }

    /// The gradient of Σ_k weight_k · output_k with respect to the inputs, for each point; of shape (points, inputs).
    pub fn input_gradient(&self, trace: &Trace<T>, weights: Array2<T>) -> Array2<T> {
        Layer::backward_all(&self.layers, self.numbers(), &trace.steps, weights, None, None, None)
    }

    /// The gradients of a network with one output, one row for each point.
    ///
    /// # Panics
    /// As [`Network::values`].
    pub fn gradients(&self, points: ArrayView2<'_, T>) -> Array2<T> {
        let trace = self.pass(self.numbers_by_running(), points);
        self.input_gradient(&trace, Array2::ones((points.nrows(), self.architecture.outputs)))
    }

    /// The mean over `points` of the norm of the gradient of a network with one output with respect to what comes out of each matrix,
    /// in order. From the last to the first it tells how gradients grow or die with depth.
    ///
    /// # Panics
    /// As [`Network::values`].
    pub fn activation_gradients(&self, points: ArrayView2<'_, T>) -> Vec<f64> {
        let trace = self.pass(self.numbers_by_running(), points);
        let mut pulls = Vec::new();
        let ones = Array2::ones((points.nrows(), self.architecture.outputs));
        Layer::backward_all(&self.layers, self.numbers(), &trace.steps, ones, None, None, Some(&mut pulls));
        let mut sizes = Vec::new();
        collect_sizes(&self.layers, &pulls, &mut sizes);
        sizes
    }

    /// The mean of a penalty on the norms of the gradients at `points`; adds its exact gradient with respect to the parameters to
    /// `sink`. Beside the mean, the norms.
    ///
    /// The pass back is differentiated by hand: t = p′(s) g / (s n), with g the input gradient at a point and s its norm, goes up
    /// through the tangents of the layers, each of which adds to the gradient of its parameters; where an activation is curved, one
    /// more pass goes down. In matrix products of one layer: 4, or 6 with curvature, against 3 for an ordinary gradient.
    ///
    /// # Panics
    /// As [`Network::values`], or when the network has more than one output.
    pub fn penalise(&self, points: ArrayView2<'_, T>, penalty: GradientPenalty, sink: &mut [T]) -> (f64, Array1<T>) {
        self.penalise_along(points, self.architecture.inputs, penalty, sink)
    }

    /// [`penalise`](Self::penalise) for the gradient along the first `inputs` inputs alone: what is behind them, such as a label, stays as it is.
    ///
    /// # Panics
    /// As [`Network::penalise`].
    pub fn penalise_along(
        &self,
        points: ArrayView2<'_, T>,
        inputs: usize,
        penalty: GradientPenalty,
        sink: &mut [T],
    ) -> (f64, Array1<T>) {
        assert_eq!(self.architecture.outputs, 1, "a penalty on gradients needs a network with one output");
        let trace = self.forward(points);
        let mut pulls: Vec<Pull<T>> = Vec::with_capacity(self.layers.len());
        let ones = Array2::ones((points.nrows(), 1));
        let (layers, numbers, steps) = (&self.layers, self.numbers(), &trace.steps);
        let mut tangent = Layer::backward_all(layers, numbers, steps, ones, None, None, Some(&mut pulls));
        let count = points.nrows() as f64;
        let mut total = 0.0;
        let mut norms = Array1::zeros(points.nrows());
        let width = self.architecture.inputs;
        let rows =
            tangent.as_slice_mut().expect("the arrays of the layers are stored row by row").chunks_exact_mut(width);
        for (g, norm) in rows.zip(&mut norms) {
            g[inputs..].fill(T::zero());
            *norm = g.iter().fold(T::zero(), |sum, &g| sum + g * g).sqrt();
            let (value, slope) = penalty.at(norm.to_f64());
            total += value;
            // At a gradient of 0 the penalty has none: it is left alone.
            let factor = if *norm > T::zero() { T::of(slope / (norm.to_f64() * count)) } else { T::zero() };
            g.iter_mut().for_each(|g| *g *= factor);
        }
        let (last, bends) = Layer::tangent_all(layers, numbers, steps, &pulls, tangent, sink);
        self.buffers.give(last);
        pulls.into_iter().for_each(|pull| pull.give(&self.buffers));
        if !straight(&bends) {
            let nothing = Array2::zeros((points.nrows(), 1));
            Layer::backward_all(layers, numbers, steps, nothing, Some(sink), Some(&bends), None);
        }
        (total / count, norms)
    }

    fn numbers(&self) -> Numbers<'_, T> {
        let (parameters, statistics, buffers) = (&self.parameters, &self.statistics, &self.buffers);
        Numbers { parameters, statistics, running: false, buffers }
    }

    /// With the running moments in normalisations over batches: each point by itself.
    fn numbers_by_running(&self) -> Numbers<'_, T> {
        Numbers { running: true, ..self.numbers() }
    }

    fn assert_width(&self, points: ArrayView2<'_, T>) {
        assert_eq!(
            points.ncols(),
            self.architecture.inputs,
            "the points have as many coordinates as the network inputs"
        );
    }
}

/// The mean norm of what was pulled back to the output of each matrix; pulls come with the last layer's first.
fn collect_sizes<T: Scalar>(layers: &[Layer], pulls: &[Pull<T>], sizes: &mut Vec<f64>) {
    for (layer, pull) in layers.iter().zip(pulls.iter().rev()) {
        match (layer, pull) {
            (Layer::Dense { .. } | Layer::Convolution(_), Pull::Output(q)) => {
                let norms = q.rows().into_iter().map(|row| row.iter().map(|v| v.to_f64().powi(2)).sum::<f64>().sqrt());
                sizes.push(norms.sum::<f64>() / q.nrows() as f64);
            }
            (Layer::Residual(inside), Pull::Inside(pulls)) => collect_sizes(inside, pulls, sizes),
            (Layer::Sum(one, other), Pull::Inside(pulls)) => {
                for (layers, pull) in [one, other].into_iter().zip(pulls) {
                    if let Pull::Inside(pulls) = pull {
                        collect_sizes(layers, pulls, sizes);
                    }
                }
            }
            _ => {}
        }
    }
}
