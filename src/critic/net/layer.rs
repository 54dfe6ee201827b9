//! Layers, and three passes over them: values forward, gradients back, and the derivative of the gradients.
//!
//! With y = layer(x), rows being points, each layer knows
//!
//! * `forward`: y,
//! * `backward`: from q = ∂L/∂y the gradient ∂L/∂x = Jᵀ q, and what it adds to ∂L/∂θ,
//! * `tangent`: from t with the shape of x, and the q of the pass back, the derivatives of ⟨t, Jᵀ q⟩ with respect to q (which is
//!   J t), to θ, and to x. A function of the input gradient of a network, such as a gradient penalty, is differentiated by these:
//!   J t goes up from layer to layer, and what has come to the x of each layer goes down by one more `backward`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Zip};

use crate::critic::net::activation::{permuted, sorting_order, unpermuted};
use crate::critic::net::buffers::Buffers;
use crate::critic::net::{Activation, Scalar};
use crate::simd::add_rows;

/// Added to the variance before layer normalisation divides by its root.
pub(super) const NORM_EPSILON: f64 = 1e-5;

/// One layer; its parameters are a range of the network's.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layer {
    /// y = x Wᵀ + b, with W of shape (outputs, inputs) at `weights` and b at `bias`.
    Dense { weights: usize, bias: usize, inputs: usize, outputs: usize },
    /// Each value by itself, or groups sorted.
    Activation(Activation),
    /// y = γ ∘ (x − mean x) / √(var x + 1e-5) + β, over the values of each point (Ba, Kiros, Hinton, "Layer normalization", 2016).
    Norm { gain: usize, shift: usize, width: usize },
    /// y = x + the layers inside.
    Residual(Vec<Self>),
}

/// What all passes over the layers of a network share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a, T> {
    pub(super) parameters: &'a [T],
    pub(super) buffers: &'a Buffers<T>,
}

/// What the pass forward leaves for the others.
#[derive(Debug)]
pub(super) enum Step<T> {
    Input(Array2<T>),
    Order(Array2<u32>),
    /// (x − mean) / deviation, and 1 / deviation.
    Normal(Array2<T>, Array1<T>),
    Inside(Vec<Self>),
}

/// What the pass back leaves for the derivative of the gradients: ∂L/∂y of each layer.
#[derive(Debug)]
pub(super) enum Pull<T> {
    /// Of an activation without curvature, which needs none.
    Nothing,
    Output(Array2<T>),
    Inside(Vec<Self>),
}

/// What the derivative of the gradients brings to the input of a layer, where it brings anything.
#[derive(Debug)]
pub(super) enum Bend<T> {
    Input(Option<Array2<T>>),
    Inside(Vec<Self>),
}

impl<T: Scalar> Step<T> {
    /// Gives its arrays back.
    pub(super) fn give(self, buffers: &Buffers<T>) {
        match self {
            Self::Input(x) | Self::Normal(x, _) => buffers.give(x),
            Self::Inside(inside) => inside.into_iter().for_each(|step| step.give(buffers)),
            Self::Order(_) => {}
        }
    }
}

impl<T: Scalar> Pull<T> {
    /// Gives its arrays back.
    pub(super) fn give(self, buffers: &Buffers<T>) {
        match self {
            Self::Output(q) => buffers.give(q),
            Self::Inside(inside) => inside.into_iter().for_each(|pull| pull.give(buffers)),
            Self::Nothing => {}
        }
    }
}

impl<T> Bend<T> {
    fn is_none(&self) -> bool {
        match self {
            Self::Input(bend) => bend.is_none(),
            Self::Inside(inside) => inside.iter().all(Self::is_none),
        }
    }
}

fn matrix<T>(parameters: &[T], at: usize, (rows, columns): (usize, usize)) -> ArrayView2<'_, T> {
    ArrayView2::from_shape((rows, columns), &parameters[at..at + rows * columns]).expect("a layer knows its parameters")
}

fn matrix_mut<T>(parameters: &mut [T], at: usize, (rows, columns): (usize, usize)) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape((rows, columns), &mut parameters[at..at + rows * columns])
        .expect("a layer knows its parameters")
}

fn vector<T>(parameters: &[T], at: usize, len: usize) -> ArrayView1<'_, T> {
    ArrayView1::from(&parameters[at..at + len])
}

/// The rows of an array of the layers' own.
fn rows_mut<T>(array: &mut Array2<T>) -> std::slice::ChunksExactMut<'_, T> {
    let width = array.ncols();
    array.as_slice_mut().expect("the arrays of the layers are stored row by row").chunks_exact_mut(width)
}

/// Adds the sum of the rows of `values` to the numbers from `at` on.
fn add_sums<T: Scalar>(sink: &mut [T], at: usize, values: &Array2<T>) {
    let sums = &mut sink[at..at + values.ncols()];
    match values.as_slice() {
        Some(rows) => add_rows(rows, sums),
        None => values.rows().into_iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += v)),
    }
}

impl Layer {
    /// Applies the layers in order.
    pub(super) fn forward_all<T: Scalar>(
        layers: &[Self],
        numbers: Numbers<'_, T>,
        mut x: Array2<T>,
        steps: &mut Vec<Step<T>>,
    ) -> Array2<T> {
        for layer in layers {
            x = layer.forward(numbers, x, steps);
        }
        x
    }

    fn forward<T: Scalar>(&self, numbers: Numbers<'_, T>, x: Array2<T>, steps: &mut Vec<Step<T>>) -> Array2<T> {
        match self {
            Self::Dense { weights, bias, inputs, outputs } => {
                let mut y = numbers.buffers.any((x.nrows(), *outputs));
                let bias = &numbers.parameters[*bias..*bias + *outputs];
                rows_mut(&mut y).for_each(|row| row.copy_from_slice(bias));
                T::add_product(
                    x.view(),
                    matrix(numbers.parameters, *weights, (*outputs, *inputs)).reversed_axes(),
                    y.view_mut(),
                );
                steps.push(Step::Input(x));
                y
            }
            Self::Activation(activation) if activation.group() > 0 => {
                let order = sorting_order(&x, activation.group());
                let y = permuted(&x, &order);
                steps.push(Step::Order(order));
                y
            }
            Self::Activation(activation) => {
                let mut y = numbers.buffers.any(x.dim());
                activation.forward(&x, &mut y);
                steps.push(Step::Input(x));
                y
            }
            Self::Norm { gain, shift, width } => {
                let (gain, shift) =
                    (vector(numbers.parameters, *gain, *width), vector(numbers.parameters, *shift, *width));
                let (normal, scale) = normalised(x);
                let mut y = normal.clone();
                for mut row in y.rows_mut() {
                    Zip::from(&mut row).and(&gain).and(&shift).for_each(|y, &gain, &shift| *y = *y * gain + shift);
                }
                steps.push(Step::Normal(normal, scale));
                y
            }
            Self::Residual(inside) => {
                let mut steps_inside = Vec::with_capacity(inside.len());
                let y = Self::forward_all(inside, numbers, x.clone(), &mut steps_inside) + x;
                steps.push(Step::Inside(steps_inside));
                y
            }
        }
    }

    /// The values alone, without what other passes need.
    pub(super) fn values_all<T: Scalar>(layers: &[Self], numbers: Numbers<'_, T>, x: Array2<T>) -> Array2<T> {
        let mut steps = Vec::with_capacity(1);
        layers.iter().fold(x, |x, layer| {
            let y = layer.forward(numbers, x, &mut steps);
            steps.drain(..).for_each(|step| step.give(numbers.buffers));
            y
        })
    }

    /// Takes ∂L/∂y of the last layer back to ∂L/∂x of the first; adds to the gradient of the parameters, if one is wanted; adds
    /// what `bends` has brought to inputs; leaves the ∂L/∂y on the way in `pulls` (the last layer's first), if wanted.
    pub(super) fn backward_all<T: Scalar>(
        layers: &[Self],
        numbers: Numbers<'_, T>,
        steps: &[Step<T>],
        mut gradient: Array2<T>,
        mut sink: Option<&mut [T]>,
        bends: Option<&[Bend<T>]>,
        mut pulls: Option<&mut Vec<Pull<T>>>,
    ) -> Array2<T> {
        for (k, (layer, step)) in layers.iter().zip(steps).enumerate().rev() {
            let bend = bends.map(|bends| &bends[k]);
            gradient = layer.backward(numbers, step, gradient, sink.as_deref_mut(), bend, pulls.as_deref_mut());
            if let Some(Bend::Input(Some(bend))) = bend {
                gradient += bend;
            }
        }
        gradient
    }

    fn backward<T: Scalar>(
        &self,
        numbers: Numbers<'_, T>,
        step: &Step<T>,
        gradient: Array2<T>,
        mut sink: Option<&mut [T]>,
        bend: Option<&Bend<T>>,
        pulls: Option<&mut Vec<Pull<T>>>,
    ) -> Array2<T> {
        match (self, step) {
            (Self::Dense { weights, bias, inputs, outputs }, Step::Input(x)) => {
                if let Some(sink) = sink {
                    let to = matrix_mut(sink, *weights, (*outputs, *inputs));
                    T::add_product(gradient.t(), x.view(), to);
                    add_sums(sink, *bias, &gradient);
                }
                let mut back = numbers.buffers.zeros((gradient.nrows(), *inputs));
                T::add_product(
                    gradient.view(),
                    matrix(numbers.parameters, *weights, (*outputs, *inputs)),
                    back.view_mut(),
                );
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Activation(_), Step::Order(order)) => {
                let back = unpermuted(&gradient, order);
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Activation(activation), Step::Input(x)) => {
                if let Some(pulls) = pulls {
                    let straight = activation.is_piecewise_linear();
                    pulls.push(if straight { Pull::Nothing } else { Pull::Output(gradient.clone()) });
                }
                let mut back = gradient;
                activation.times_slope(x, &mut back);
                back
            }
            (Self::Norm { gain, shift, width }, Step::Normal(normal, scale)) => {
                if let Some(sink) = sink {
                    add_sums(sink, *gain, &(&gradient * normal));
                    add_sums(sink, *shift, &gradient);
                }
                let weighted = &gradient * &vector(numbers.parameters, *gain, *width);
                let back = symmetric(normal, scale, weighted);
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Residual(inside), Step::Inside(steps)) => {
                let bends = match bend {
                    Some(Bend::Inside(bends)) => Some(bends.as_slice()),
                    _ => None,
                };
                let mut inside_pulls = pulls.is_some().then(Vec::new);
                let around = gradient.clone();
                let back =
                    Self::backward_all(inside, numbers, steps, gradient, sink.take(), bends, inside_pulls.as_mut());
                if let (Some(pulls), Some(inside)) = (pulls, inside_pulls) {
                    pulls.push(Pull::Inside(inside));
                }
                back + around
            }
            _ => unreachable!("each layer left its own kind of step"),
        }
    }

    /// Takes t at the input of the first layer up to J t at the output of the last. Adds to `sink` the derivative of ⟨t, Jᵀ q⟩
    /// with respect to the parameters, and leaves that with respect to the inputs, the first layer's first.
    pub(super) fn tangent_all<T: Scalar>(
        layers: &[Self],
        numbers: Numbers<'_, T>,
        steps: &[Step<T>],
        pulls: &[Pull<T>],
        mut tangent: Array2<T>,
        sink: &mut [T],
    ) -> (Array2<T>, Vec<Bend<T>>) {
        let mut bends = Vec::with_capacity(layers.len());
        // The pass back went the other way.
        for ((layer, step), pull) in layers.iter().zip(steps).zip(pulls.iter().rev()) {
            let (up, bend) = layer.tangent(numbers, step, pull, tangent, sink);
            tangent = up;
            bends.push(bend);
        }
        (tangent, bends)
    }

    fn tangent<T: Scalar>(
        &self,
        numbers: Numbers<'_, T>,
        step: &Step<T>,
        pull: &Pull<T>,
        tangent: Array2<T>,
        sink: &mut [T],
    ) -> (Array2<T>, Bend<T>) {
        match (self, step, pull) {
            (Self::Dense { weights, inputs, outputs, .. }, _, Pull::Output(q)) => {
                let to = matrix_mut(sink, *weights, (*outputs, *inputs));
                T::add_product(q.t(), tangent.view(), to);
                let mut up = numbers.buffers.zeros((tangent.nrows(), *outputs));
                let weights = matrix(numbers.parameters, *weights, (*outputs, *inputs));
                T::add_product(tangent.view(), weights.reversed_axes(), up.view_mut());
                numbers.buffers.give(tangent);
                (up, Bend::Input(None))
            }
            (Self::Activation(_), Step::Order(order), _) => (permuted(&tangent, order), Bend::Input(None)),
            (Self::Activation(activation), Step::Input(x), pull) => {
                let bend = match pull {
                    Pull::Output(q) => Some(activation.curvature(x, &tangent, q)),
                    _ => None,
                };
                let mut up = tangent;
                activation.times_slope(x, &mut up);
                (up, Bend::Input(bend))
            }
            (Self::Norm { gain, width, .. }, Step::Normal(normal, scale), Pull::Output(q)) => {
                let gains = vector(numbers.parameters, *gain, *width);
                let v = q * &gains;
                let bend = symmetric_bend(normal, scale, &tangent, &v);
                let up = symmetric(normal, scale, tangent);
                add_sums(sink, *gain, &(&up * q));
                (up * gains, Bend::Input(Some(bend)))
            }
            (Self::Residual(inside), Step::Inside(steps), Pull::Inside(pulls)) => {
                let around = tangent.clone();
                let (up, bends) = Self::tangent_all(inside, numbers, steps, pulls, tangent, sink);
                (up + around, Bend::Inside(bends))
            }
            _ => unreachable!("each layer left its own kind of step"),
        }
    }
}

/// Whether no layer was bent: one pass back can be saved.
pub(super) fn straight<T>(bends: &[Bend<T>]) -> bool {
    bends.iter().all(Bend::is_none)
}

fn keep<T: Scalar>(pulls: Option<&mut Vec<Pull<T>>>, gradient: Array2<T>, buffers: &Buffers<T>) {
    match pulls {
        Some(pulls) => pulls.push(Pull::Output(gradient)),
        None => buffers.give(gradient),
    }
}

/// Each row at mean 0 and variance 1 (but for ε), and the factor that did it.
fn normalised<T: Scalar>(mut x: Array2<T>) -> (Array2<T>, Array1<T>) {
    let width = T::of(x.ncols() as f64);
    let mut scale = Array1::zeros(x.nrows());
    for (mut row, scale) in x.rows_mut().into_iter().zip(&mut scale) {
        let mean = row.sum() / width;
        row.mapv_inplace(|v| v - mean);
        let variance = row.iter().fold(T::zero(), |sum, &v| sum + v * v) / width;
        *scale = T::one() / (variance + T::of(NORM_EPSILON)).sqrt();
        let scale = *scale;
        row.mapv_inplace(|v| v * scale);
    }
    (x, scale)
}

/// S v for each row, with S = s (I − 1 1ᵀ/n − x̂ x̂ᵀ/n) the derivative of x̂, which is symmetric; s = 1/σ.
fn symmetric<T: Scalar>(normal: &Array2<T>, scale: &Array1<T>, mut v: Array2<T>) -> Array2<T> {
    let width = T::of(normal.ncols() as f64);
    for ((mut v, x), &s) in v.rows_mut().into_iter().zip(normal.rows()).zip(scale) {
        let mean = v.sum() / width;
        let along = dot(v.view(), x) / width;
        Zip::from(&mut v).and(x).for_each(|v, &x| *v = s * (*v - mean - along * x));
    }
    v
}

/// ∂/∂x of q = tᵀ S v for each row. With P the projection on mean 0, a = x̂·t and b = x̂·v,
///
/// ```text
/// q = s (Pt·v − a b / n),   ∂s = −s² x̂ / n,   ∂a = s (Pt − a x̂ / n)
/// ```
fn symmetric_bend<T: Scalar>(normal: &Array2<T>, scale: &Array1<T>, t: &Array2<T>, v: &Array2<T>) -> Array2<T> {
    let width = T::of(normal.ncols() as f64);
    let mut out = Array2::zeros(normal.dim());
    for (k, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
        let (x, t, v, s) = (normal.row(k), t.row(k), v.row(k), scale[k]);
        let (mean_t, mean_v) = (t.sum() / width, v.sum() / width);
        let (a, b) = (dot(x, t), dot(x, v));
        let q = s * (dot(t, v) - width * mean_t * mean_v - a * b / width);
        for (i, out) in out.iter_mut().enumerate() {
            let toward_t = t[i] - mean_t - a * x[i] / width;
            let toward_v = v[i] - mean_v - b * x[i] / width;
            *out = -(s / width) * (x[i] * q + s * (b * toward_t + a * toward_v));
        }
    }
    out
}

fn dot<T: Scalar>(a: ArrayView1<'_, T>, b: ArrayView1<'_, T>) -> T {
    a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b)
}
