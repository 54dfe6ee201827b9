//! How steep a network can be, and how to keep its matrices from being steeper than 1.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2};

use crate::critic::net::block::Block;
use crate::critic::net::layer::Layer;
use crate::critic::net::normal::{NORM_EPSILON, Over};
use crate::critic::net::{Activation, Network, Scalar};

/// What rounding may hide of a norm that was computed from the eigenvalues of a Gram matrix.
const SLACK: f64 = 1e-9;

impl<T: Scalar> Network<T> {
    /// A proven upper bound on the Lipschitz constant of the network in the Euclidean norm, over all of R^d.
    ///
    /// Each matrix counts with its spectral norm, each activation with its constant, a shortcut adds 1. An activation of single values
    /// with slopes in c ± e changes gradients by a diagonal D = c I + e E with ‖E‖ ≤ 1, so that
    ///
    /// ```text
    /// ‖W₂ D W₁‖ ≤ c ‖W₂ W₁‖ + e ‖W₂‖ ‖W₁‖
    /// ```
    ///
    /// which is at most the product of norms (Combettes & Pesquet, "Lipschitz certificates for layered network structures driven by
    /// averaged activation operators", 2020, theorem 4.2). Attained by few networks: those of orthonormal matrices and sorting activations
    /// among them. In a bounded part of few dimensions, [`Network::lipschitz_in_box`] says far more. O(layers² · width³).
    pub fn lipschitz_bound(&self) -> f64 {
        self.bound_of(self.layers())
    }

    fn bound_of(&self, layers: &[Layer]) -> f64 {
        let mut chain = Chain::default();
        for layer in layers {
            match layer {
                Layer::Dense { weights, inputs, outputs, .. } => {
                    chain.add(self.matrix(*weights, *outputs, *inputs));
                }
                Layer::Activation(activation) if activation.group() == 0 => chain.bend(*activation),
                Layer::Activation(activation) => chain.end(activation.lipschitz()),
                Layer::Norm { gain, width, .. } => {
                    let gains = self.parameters()[*gain..gain + width].iter();
                    chain.end(gains.fold(0.0, |m, g| g.to_f64().abs().max(m)) / NORM_EPSILON.sqrt());
                }
                Layer::Residual(inside) => chain.end(1.0 + self.bound_of(inside)),
                Layer::Sum(one, other) => chain.end(self.bound_of(one) + self.bound_of(other)),
                Layer::Convolution(convolution) => {
                    // A value lies in so many windows at most: the map to all windows, and its adjoint, have norm √overlap.
                    let (rows, columns) = convolution.shape();
                    let norm = spectral_norm(&self.matrix(convolution.weights, rows, columns));
                    chain.end(norm * (convolution.windows.overlap() as f64).sqrt());
                }
                Layer::Embedding(embedding) => {
                    let (rows, columns) = embedding.shape();
                    chain.end(spectral_norm(&self.matrix(embedding.weights, rows, columns)).max(1.0));
                }
                Layer::Normal(normal) => {
                    let gains = &self.parameters()[normal.gain..normal.gain + normal.channels];
                    let factor = |k: usize| match normal.over {
                        Over::Batch => {
                            let variance = self.statistics()[normal.running + normal.channels + k].to_f64();
                            1.0 / (variance + NORM_EPSILON).sqrt()
                        }
                        _ => 1.0 / NORM_EPSILON.sqrt(),
                    };
                    let gains = gains.iter().enumerate().map(|(k, gain)| gain.to_f64().abs() * factor(k));
                    chain.end(gains.fold(0.0, f64::max));
                }
                Layer::Shape(shape) => chain.end(shape.norm()),
                // diag y − y yᵀ has norm ½ at most.
                Layer::Softmax { temperature, .. } => chain.end(0.5 / temperature),
            }
        }
        chain.end(1.0);
        chain.bound
    }

    fn matrix(&self, at: usize, rows: usize, columns: usize) -> DMatrix<f64> {
        let entries = &self.parameters()[at..at + rows * columns];
        DMatrix::from_row_iterator(rows, columns, entries.iter().map(|w| w.to_f64()))
    }
}

/// Matrices with activations of single values between them.
struct Chain {
    /// What is behind the chain.
    bound: f64,
    /// For each matrix so far, its product with all after it, and e times the bound on what comes into it (1 for the first).
    products: Vec<(DMatrix<f64>, f64)>,
    /// The bound up to the last matrix.
    reached: f64,
    /// The middle and half the width of the slopes of the activation after the last matrix, if there is one.
    slopes: Option<(f64, f64)>,
}

impl Default for Chain {
    fn default() -> Self {
        Self { bound: 1.0, products: Vec::new(), reached: 1.0, slopes: None }
    }
}

impl Chain {
    fn bend(&mut self, activation: Activation) {
        let (least, most) = activation.slopes_between(f64::NEG_INFINITY, f64::INFINITY);
        self.slopes = Some((0.5 * (least + most), 0.5 * (most - least)));
    }

    fn add(&mut self, matrix: DMatrix<f64>) {
        let (middle, half) = match self.slopes.take() {
            _ if self.products.is_empty() => (0.0, 1.0),
            Some(slopes) => slopes,
            // Two matrices in a row are one.
            None => (1.0, 0.0),
        };
        for (product, _) in &mut self.products {
            *product = &matrix * &*product * middle;
        }
        self.products.push((matrix, half * self.reached));
        self.reached = self.products.iter().map(|(product, before)| spectral_norm(product) * before).sum();
    }

    /// Ends the chain before something of that constant.
    fn end(&mut self, constant: f64) {
        let last = self.slopes.take().map_or(1.0, |(middle, half)| middle.abs() + half);
        self.bound *= self.reached * last * constant;
        (self.products, self.reached) = (Vec::new(), 1.0);
    }
}

/// The largest singular value, rounded up.
fn spectral_norm(matrix: &DMatrix<f64>) -> f64 {
    let gram = if matrix.nrows() < matrix.ncols() { matrix * matrix.transpose() } else { matrix.transpose() * matrix };
    let largest = SymmetricEigen::new(gram).eigenvalues.iter().copied().fold(0.0, f64::max);
    largest.sqrt() * (1.0 + SLACK)
}

/// Iterations that make a matrix orthonormal from anywhere: a singular value of 1e-4 of the bound takes 30.
const BEGINNING: u32 = 40;

/// How the matrices of a network come from the parameters that are trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reparametrisation {
    /// They are the parameters.
    None,
    /// Each is divided by its spectral norm, found by power iteration (Miyato et al. 2018).
    Spectral { iterations: u32 },
    /// Each has orthonormal rows or columns, by iteration (Björck & Bowie 1971; Anil, Lucas, Grosse 2019).
    Orthonormal { iterations: u32 },
}

/// The matrices of a network while it is trained.
#[derive(Debug)]
pub(crate) struct Matrices<T> {
    kind: Reparametrisation,
    blocks: Vec<Block>,
    /// What the power iterations go on from.
    left: Vec<Array1<T>>,
    right: Vec<Array1<T>>,
    norms: Vec<T>,
    /// The iterates of each orthonormalisation, the first ones first.
    iterates: Vec<Vec<Array2<T>>>,
}

impl<T: Scalar> Matrices<T> {
    pub(crate) fn new(kind: Reparametrisation, network: &Network<T>) -> Self {
        let blocks = network.blocks();
        let start = |len: usize| Array1::from_shape_fn(len, |k| T::of(1.0 / (1.0 + k as f64)));
        Self {
            left: blocks.iter().map(|block| start(block.outputs)).collect(),
            right: blocks.iter().map(|block| start(block.inputs)).collect(),
            norms: vec![T::one(); blocks.len()],
            iterates: vec![Vec::new(); blocks.len()],
            blocks,
            kind,
        }
    }

    /// Writes the matrices that belong to the parameters of `raw` into `network`, and copies all the rest.
    pub(crate) fn write(&mut self, raw: &[T], network: &mut Network<T>) {
        if let Reparametrisation::Spectral { iterations } = self.kind {
            for k in 0..self.blocks.len() {
                let matrix = view(raw, self.blocks[k]);
                for _ in 0..iterations {
                    self.right[k] = unit(matrix.t().dot(&self.left[k]));
                    self.left[k] = unit(matrix.dot(&self.right[k]));
                }
                self.norms[k] = self.left[k].dot(&matrix.dot(&self.right[k])).larger(T::of(1e-12));
            }
        }
        self.write_as_before(raw, network);
    }

    /// The same with the spectral norms that were found last.
    fn write_as_before(&mut self, raw: &[T], network: &mut Network<T>) {
        network.parameters_mut().copy_from_slice(raw);
        for (k, &block) in self.blocks.iter().enumerate() {
            let entries = &mut network.parameters_mut()[block.weights..block.bias()];
            let mut matrix =
                ArrayViewMut2::from_shape((block.outputs, block.inputs), entries).expect("a block knows its shape");
            match self.kind {
                Reparametrisation::None => {}
                Reparametrisation::Spectral { .. } => {
                    let norm = self.norms[k];
                    matrix.mapv_inplace(|w| w / norm);
                }
                Reparametrisation::Orthonormal { iterations } => {
                    // Converges from singular values below √3. `retract` leaves them near 1, and a step moves them little.
                    let mut at = matrix.to_owned();
                    self.iterates[k].clear();
                    for _ in 0..iterations {
                        let next = bjorck(&at);
                        self.iterates[k].push(std::mem::replace(&mut at, next));
                    }
                    matrix.assign(&at);
                }
            }
        }
    }

    /// What power iterations go on from, and the norms they found, one block after the other.
    pub(crate) fn memory(&self) -> Vec<T> {
        let blocks = (0..self.blocks.len()).filter(|_| matches!(self.kind, Reparametrisation::Spectral { .. }));
        blocks.flat_map(|k| self.left[k].iter().chain(&self.right[k]).chain([&self.norms[k]]).copied()).collect()
    }

    /// Takes up what [`Matrices::memory`] kept, and writes the same matrices as then.
    pub(crate) fn recall(&mut self, memory: &[T], raw: &[T], network: &mut Network<T>) {
        let mut rest = memory.iter().copied();
        if !memory.is_empty() {
            for k in 0..self.blocks.len() {
                self.left[k].iter_mut().chain(&mut self.right[k]).chain([&mut self.norms[k]]).for_each(|to| {
                    *to = rest.next().unwrap_or(*to);
                });
            }
        }
        self.write_as_before(raw, network);
    }

    /// Replaces parameters by ones with the same matrices that the next step may start from: orthonormal ones, if they are to be
    /// that. `network` has the matrices that belong to `raw`.
    pub(crate) fn retract(&self, raw: &mut [T], network: &Network<T>) {
        if matches!(self.kind, Reparametrisation::Orthonormal { .. }) {
            raw.copy_from_slice(network.parameters());
        }
    }

    /// The first parameters: matrices of any size made orthonormal, if they are to be that.
    pub(crate) fn begin(&self, raw: &mut [T]) {
        if !matches!(self.kind, Reparametrisation::Orthonormal { .. }) {
            return;
        }
        for block in &self.blocks {
            let entries = &mut raw[block.weights..block.bias()];
            let mut matrix =
                ArrayViewMut2::from_shape((block.outputs, block.inputs), entries).expect("a block knows its shape");
            let bound = norm_bound(matrix.view()).larger(T::of(1e-12));
            let mut at = matrix.mapv(|w| w / bound);
            for _ in 0..BEGINNING {
                at = bjorck(&at);
            }
            matrix.assign(&at);
        }
    }

    /// Turns the gradient with respect to the matrices into that with respect to the parameters, in place.
    pub(crate) fn pull_back(&self, network: &Network<T>, gradient: &mut [T]) {
        for (k, block) in self.blocks.iter().enumerate() {
            let shape = (block.outputs, block.inputs);
            let entries = &mut gradient[block.weights..block.bias()];
            let mut to = ArrayViewMut2::from_shape(shape, entries).expect("a block knows its shape");
            match self.kind {
                Reparametrisation::None => {}
                Reparametrisation::Spectral { .. } => {
                    // W̄ = W / σ with σ = uᵀ W v: dL/dW = (dL/dW̄ − ⟨dL/dW̄, W̄⟩ u vᵀ) / σ.
                    let matrix = view(network.parameters(), *block);
                    let along = (&to * &matrix).sum();
                    let norm = self.norms[k];
                    for ((i, j), g) in to.indexed_iter_mut() {
                        *g = (*g - along * self.left[k][i] * self.right[k][j]) / norm;
                    }
                }
                Reparametrisation::Orthonormal { .. } => {
                    let mut adjoint = to.to_owned();
                    for at in self.iterates[k].iter().rev() {
                        adjoint = bjorck_adjoint(at, &adjoint);
                    }
                    to.assign(&adjoint);
                }
            }
        }
    }
}

fn view<T>(parameters: &[T], block: Block) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((block.outputs, block.inputs), &parameters[block.weights..block.bias()])
        .expect("a block knows its shape")
}

/// 1.5 W − 0.5 W Wᵀ W, by the cheaper of its two products.
fn bjorck<T: Scalar>(w: &Array2<T>) -> Array2<T> {
    let mut next = w * T::of(1.5);
    if w.nrows() < w.ncols() {
        add_scaled(T::of(-0.5), product(w.view(), w.t()), w, &mut next);
    } else {
        T::add_product(w.view(), (product(w.t(), w.view()) * T::of(-0.5)).view(), next.view_mut());
    }
    next
}

/// The adjoint of that step at W: 1.5 A − 0.5 (A Wᵀ W + W Aᵀ W + W Wᵀ A).
fn bjorck_adjoint<T: Scalar>(w: &Array2<T>, a: &Array2<T>) -> Array2<T> {
    let half = T::of(-0.5);
    let mut out = a * T::of(1.5);
    if w.nrows() < w.ncols() {
        let (awt, wwt) = (product(a.view(), w.t()), product(w.view(), w.t()));
        add_scaled(half, &awt + &awt.t(), w, &mut out);
        add_scaled(half, wwt, a, &mut out);
    } else {
        let (wta, wtw) = (product(w.t(), a.view()), product(w.t(), w.view()));
        T::add_product(w.view(), ((&wta + &wta.t()) * half).view(), out.view_mut());
        T::add_product(a.view(), (wtw * half).view(), out.view_mut());
    }
    out
}

fn product<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<T> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    T::add_product(a, b, c.view_mut());
    c
}

/// Adds `scale` · `a` · `b` to `c`.
fn add_scaled<T: Scalar>(scale: T, a: Array2<T>, b: &Array2<T>, c: &mut Array2<T>) {
    T::add_product((a * scale).view(), b.view(), c.view_mut());
}

/// √(‖W‖₁ ‖W‖∞), which is at least the spectral norm.
fn norm_bound<T: Scalar>(w: ArrayView2<'_, T>) -> T {
    let largest = |sums: Array1<T>| sums.iter().fold(T::zero(), |m, &v| m.larger(v));
    let absolute = w.mapv(T::abs);
    (largest(absolute.sum_axis(ndarray::Axis(0))) * largest(absolute.sum_axis(ndarray::Axis(1)))).sqrt()
}

fn unit<T: Scalar>(mut v: Array1<T>) -> Array1<T> {
    let norm = v.dot(&v).sqrt().larger(T::of(1e-12));
    v.mapv_inplace(|x| x / norm);
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::critic::net::{Architecture, Init};

    fn sum_of_squares(kind: Reparametrisation, network: &Network<f64>, raw: &[f64]) -> f64 {
        let mut moved = network.clone();
        let mut matrices = Matrices::new(kind, network);
        matrices.write(raw, &mut moved);
        moved.parameters().iter().enumerate().map(|(k, p)| (k as f64 * 0.37).sin() * p).sum()
    }

    #[test]
    fn gradients_go_through_the_matrices() {
        let architecture = Architecture::mlp(3, &[4, 6], 1).with_activation(Activation::MaxMin).with_init(Init::Glorot);
        let network = Network::<f64>::new(architecture, 2).unwrap();
        let raw: Vec<f64> = network.parameters().iter().map(|p| 0.4 * p).collect();
        // Many power iterations: the derivative holds at the singular vectors.
        for kind in [
            Reparametrisation::None,
            Reparametrisation::Spectral { iterations: 400 },
            Reparametrisation::Orthonormal { iterations: 4 },
        ] {
            let mut written = network.clone();
            let mut matrices = Matrices::new(kind, &network);
            matrices.write(&raw, &mut written);
            let mut gradient: Vec<f64> = (0..raw.len()).map(|k| (k as f64 * 0.37).sin()).collect();
            matrices.pull_back(&written, &mut gradient);
            for k in 0..raw.len() {
                let at = |shift: f64| {
                    let mut moved = raw.clone();
                    moved[k] += shift;
                    sum_of_squares(kind, &network, &moved)
                };
                let difference = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
                assert!((gradient[k] - difference).abs() < 1e-7, "{kind:?} {k}: {} is not {difference}", gradient[k]);
            }
        }
    }

    #[test]
    fn orthonormal_matrices_make_a_bound_of_one() {
        let architecture = Architecture::mlp(3, &[8, 8], 1).with_activation(Activation::MaxMin);
        let mut network = Network::<f64>::new(architecture, 2).unwrap();
        let mut raw = network.parameters().to_vec();
        let mut matrices = Matrices::new(Reparametrisation::Orthonormal { iterations: 5 }, &network);
        matrices.begin(&mut raw);
        matrices.write(&raw, &mut network);
        assert!((network.lipschitz_bound() - 1.0).abs() < 1e-6, "{}", network.lipschitz_bound());
    }

    #[test]
    fn the_bound_is_below_the_product_of_norms() {
        for name in ["relu", "leaky-relu", "tanh", "softplus", "silu"] {
            let activation = Activation::named(name).unwrap();
            let network =
                Network::<f64>::new(Architecture::mlp(3, &[24, 24, 24], 1).with_activation(activation), 4).unwrap();
            let norms = network.blocks().into_iter().map(|block| {
                let entries = view(network.parameters(), block);
                spectral_norm(&DMatrix::from_fn(block.outputs, block.inputs, |i, j| entries[[i, j]]))
            });
            let product = norms.product::<f64>() * activation.lipschitz().powi(3);
            let bound = network.lipschitz_bound();
            assert!(bound < 0.8 * product, "{name}: {bound} against {product}");
        }
        // One matrix, and two matrices that cancel: W₂ D W₁ with slopes in [0, 1].
        let mut pair = Network::<f64>::new(Architecture::mlp(1, &[2], 1).with_activation(Activation::Relu), 1).unwrap();
        pair.parameters_mut().copy_from_slice(&[1.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.0]);
        assert!((pair.lipschitz_bound() - 1.0).abs() < 1e-8, "{}", pair.lipschitz_bound());
    }

    #[test]
    fn the_bound_holds_between_points() {
        for (k, activation) in [Activation::Silu, Activation::Relu, Activation::Tanh].into_iter().enumerate() {
            let architecture = Architecture::mlp(2, &[16, 16], 1).with_activation(activation).with_residual();
            let network = Network::<f64>::new(architecture, k as u64).unwrap();
            let points = Array2::from_shape_fn((50, 2), |(i, j)| ((i * 7 + j * 3) as f64).sin() * 3.0);
            let values = network.values(points.view());
            let bound = network.lipschitz_bound();
            for i in 0..50 {
                for j in 0..i {
                    let gap = &points.row(i) - &points.row(j);
                    let distance = gap.dot(&gap).sqrt();
                    assert!((values[[i, 0]] - values[[j, 0]]).abs() <= bound * distance);
                }
            }
        }
    }
}
