//! Layers, and three passes over them: values forward, gradients back, and the derivative of the gradients.
//!
//! With y = layer(x), rows being points, each layer knows
//!
//! * `forward`: y,
//! * `backward`: from q = ∂L/∂y the gradient ∂L/∂x = Jᵀ q, and what it adds to ∂L/∂θ,
//! * `tangent`: from t with the shape of x, and the q of the pass back, the derivatives of ⟨t, Jᵀ q⟩ with respect to q (which is
//!   J t), to θ, and to x. A function of the input gradient of a network, such as a gradient penalty, is differentiated by these:
//!   J t goes up from layer to layer, and what has come to the x of each layer goes down by one more `backward`.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Zip};

use crate::critic::net::activation::{permuted, sorting_order, unpermuted};
use crate::critic::net::buffers::{Buffers, Numbers};
use crate::critic::net::convolution::{Convolution, Embedding};
use crate::critic::net::normal::{NORM_EPSILON, Normal, Over, normalised, symmetric, symmetric_bend};
use crate::critic::net::shape::{Shape, softmax, softmax_bend, softmax_slope};
use crate::critic::net::{Activation, Scalar};
use crate::simd::add_rows;

/// One layer; its parameters are a range of the network's.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layer {
    /// y = x Wᵀ + b, with W of shape (outputs, inputs) at `weights` and b at `bias`.
    Dense {
        weights: usize,
        bias: usize,
        inputs: usize,
        outputs: usize,
    },
    /// Each value by itself, or groups sorted.
    Activation(Activation),
    /// y = γ ∘ (x − mean x) / √(var x + 1e-5) + β, over the values of each point (Ba, Kiros, Hinton, "Layer normalization", 2016).
    Norm {
        gain: usize,
        shift: usize,
        width: usize,
    },
    /// y = x + the layers inside.
    Residual(Vec<Self>),
    /// The sum of two branches.
    Sum(Vec<Self>, Vec<Self>),
    Convolution(Convolution),
    /// The class as further channels.
    Embedding(Embedding),
    /// Normalisation of images.
    Normal(Normal),
    /// What only moves values.
    Shape(Shape),
    /// Groups of values as probabilities.
    Softmax {
        width: usize,
        temperature: f64,
    },
}

/// What the pass forward leaves for the others.
#[derive(Debug)]
pub(super) enum Step<T> {
    Input(Array2<T>),
    Order(Array2<u32>),
    /// (x − mean) / deviation, and 1 / deviation.
    Normal(Array2<T>, Array1<T>),
    /// The same of a batch, with the means.
    Batch(Array2<T>, Array1<T>, Vec<T>),
    /// The same by running moments, point by point.
    Running(Array2<T>, Array1<T>),
    /// Of what only moves values.
    Nothing,
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
            Self::Input(x) | Self::Normal(x, _) | Self::Batch(x, ..) | Self::Running(x, _) => buffers.give(x),
            Self::Inside(inside) => inside.into_iter().for_each(|step| step.give(buffers)),
            Self::Order(_) | Self::Nothing => {}
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
            Self::Sum(one, other) => {
                let (mut steps_one, mut steps_other) = (Vec::new(), Vec::new());
                let y = Self::forward_all(one, numbers, x.clone(), &mut steps_one)
                    + Self::forward_all(other, numbers, x, &mut steps_other);
                steps.push(Step::Inside(vec![Step::Inside(steps_one), Step::Inside(steps_other)]));
                y
            }
            Self::Convolution(convolution) => {
                let (y, kept) = convolution.forward(numbers, x);
                steps.push(Step::Input(kept));
                y
            }
            Self::Embedding(embedding) => {
                let y = embedding.forward(numbers, &x);
                steps.push(Step::Input(x));
                y
            }
            Self::Normal(normal) => {
                let (y, step) = if normal.over == Over::Batch && numbers.running {
                    let (values, factors) = normal.by_running(x, numbers.statistics);
                    (values.clone(), Step::Running(values, factors))
                } else {
                    let grouped = normal.grouped(x);
                    let means = (normal.over == Over::Batch)
                        .then(|| grouped.rows().into_iter().map(|row| row.sum() / T::of(row.len() as f64)).collect());
                    let (values, scale) = normalised(grouped);
                    let step = |values| match means {
                        Some(means) => Step::Batch(values, scale, means),
                        None => Step::Normal(values, scale),
                    };
                    (normal.ungrouped(values.clone()), step(values))
                };
                steps.push(step);
                let of = |at: usize| &numbers.parameters[at..at + normal.channels];
                normal.plus(normal.times(y, of(normal.gain)), of(normal.shift))
            }
            Self::Shape(shape) => {
                steps.push(Step::Nothing);
                shape.forward(x, numbers.buffers)
            }
            Self::Softmax { width, temperature } => {
                let y = softmax(x, *width, *temperature);
                steps.push(Step::Input(y.clone()));
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

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of layer")]
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
            (Self::Sum(one, other), Step::Inside(steps)) => {
                let [Step::Inside(steps_one), Step::Inside(steps_other)] = steps.as_slice() else {
                    unreachable!("a sum left the steps of both branches")
                };
                let bends = |k: usize| match bend {
                    Some(Bend::Inside(bends)) => match &bends[k] {
                        Bend::Inside(bends) => Some(bends.as_slice()),
                        Bend::Input(_) => None,
                    },
                    _ => None,
                };
                let mut kept = pulls.is_some().then(|| (Vec::new(), Vec::new()));
                let (kept_one, kept_other) = match &mut kept {
                    Some((one, other)) => (Some(one), Some(other)),
                    None => (None, None),
                };
                let back = Self::backward_all(
                    one,
                    numbers,
                    steps_one,
                    gradient.clone(),
                    sink.as_deref_mut(),
                    bends(0),
                    kept_one,
                ) + Self::backward_all(other, numbers, steps_other, gradient, sink, bends(1), kept_other);
                if let (Some(pulls), Some((one, other))) = (pulls, kept) {
                    pulls.push(Pull::Inside(vec![Pull::Inside(one), Pull::Inside(other)]));
                }
                back
            }
            (Self::Convolution(convolution), Step::Input(kept)) => {
                let back = convolution.backward(numbers, kept, &gradient, sink);
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Embedding(embedding), Step::Input(x)) => {
                if let Some(sink) = sink {
                    embedding.add_gradient(x, &gradient, sink);
                }
                let back = embedding.adjoint(numbers, &gradient);
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Normal(normal), step) => {
                if let Some(sink) = sink {
                    let along = match step {
                        Step::Running(values, _) => &gradient * values,
                        Step::Normal(values, _) | Step::Batch(values, ..) => {
                            &gradient * &normal.ungrouped(values.clone())
                        }
                        _ => unreachable!("each layer left its own kind of step"),
                    };
                    normal.add_sums(&along, &mut sink[normal.gain..]);
                    normal.add_sums(&gradient, &mut sink[normal.shift..]);
                }
                let gains = &numbers.parameters[normal.gain..normal.gain + normal.channels];
                let back = normal_slope(normal, step, normal.times(gradient.clone(), gains));
                keep(pulls, gradient, numbers.buffers);
                back
            }
            (Self::Shape(shape), Step::Nothing) => {
                let back = shape.adjoint(&gradient, numbers.buffers);
                numbers.buffers.give(gradient);
                if let Some(pulls) = pulls {
                    pulls.push(Pull::Nothing);
                }
                back
            }
            (Self::Softmax { width, temperature }, Step::Input(y)) => {
                if let Some(pulls) = pulls {
                    pulls.push(Pull::Output(gradient.clone()));
                }
                softmax_slope(y, gradient, *width, *temperature)
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
            (Self::Sum(one, other), Step::Inside(steps), Pull::Inside(pulls)) => {
                let (
                    [Step::Inside(steps_one), Step::Inside(steps_other)],
                    [Pull::Inside(one_pulls), Pull::Inside(other_pulls)],
                ) = (steps.as_slice(), pulls.as_slice())
                else {
                    unreachable!("a sum left what belongs to both branches")
                };
                let (up, bends) = Self::tangent_all(one, numbers, steps_one, one_pulls, tangent.clone(), sink);
                let (across, others) = Self::tangent_all(other, numbers, steps_other, other_pulls, tangent, sink);
                (up + across, Bend::Inside(vec![Bend::Inside(bends), Bend::Inside(others)]))
            }
            (Self::Convolution(convolution), _, Pull::Output(q)) => {
                (convolution.tangent(numbers, q, tangent, sink), Bend::Input(None))
            }
            (Self::Embedding(embedding), _, Pull::Output(q)) => {
                embedding.add_gradient(&tangent, q, sink);
                (embedding.forward(numbers, &tangent), Bend::Input(None))
            }
            (Self::Normal(normal), step, Pull::Output(q)) => {
                let gains = &numbers.parameters[normal.gain..normal.gain + normal.channels];
                let bend = match step {
                    Step::Normal(values, scale) | Step::Batch(values, scale, _) => {
                        let v = normal.grouped(normal.times(q.clone(), gains));
                        Some(normal.ungrouped(symmetric_bend(values, scale, &normal.grouped(tangent.clone()), &v)))
                    }
                    _ => None,
                };
                let up = normal_slope(normal, step, tangent);
                normal.add_sums(&(&up * q), &mut sink[normal.gain..]);
                (normal.times(up, gains), Bend::Input(bend))
            }
            (Self::Shape(shape), ..) => (shape.forward(tangent, numbers.buffers), Bend::Input(None)),
            (Self::Softmax { width, temperature }, Step::Input(y), Pull::Output(q)) => {
                let bend = softmax_bend(y, &tangent, q, *width, *temperature);
                (softmax_slope(y, tangent, *width, *temperature), Bend::Input(Some(bend)))
            }
            _ => unreachable!("each layer left its own kind of step"),
        }
    }

    /// Takes the moments of the last batch into the running ones: a tenth of the new ones (PyTorch's momentum 0.1), with the variance
    /// over n − 1.
    pub(super) fn absorb_all<T: Scalar>(layers: &[Self], steps: &[Step<T>], statistics: &mut [T]) {
        for (layer, step) in layers.iter().zip(steps) {
            match (layer, step) {
                (Self::Residual(inside), Step::Inside(steps)) => Self::absorb_all(inside, steps, statistics),
                (Self::Sum(one, other), Step::Inside(steps)) => {
                    for (layers, step) in [one, other].into_iter().zip(steps) {
                        if let Step::Inside(steps) = step {
                            Self::absorb_all(layers, steps, statistics);
                        }
                    }
                }
                (Self::Normal(normal), Step::Batch(values, scale, means)) => {
                    let n = values.ncols() as f64;
                    let unbiased = n / (n - 1.0).max(1.0);
                    let (running, variances) = statistics[normal.running..].split_at_mut(normal.channels);
                    let take = |to: &mut T, new: f64| *to = T::of(0.9 * to.to_f64() + 0.1 * new);
                    for k in 0..normal.channels {
                        take(&mut running[k], means[k].to_f64());
                        let variance = scale[k].to_f64().powi(-2) - NORM_EPSILON;
                        take(&mut variances[k], unbiased * variance.max(0.0));
                    }
                }
                _ => {}
            }
        }
    }
}

/// S v of an image normalisation, with S the derivative of the normalised values, which is symmetric.
fn normal_slope<T: Scalar>(normal: &Normal, step: &Step<T>, v: Array2<T>) -> Array2<T> {
    match step {
        Step::Normal(values, scale) | Step::Batch(values, scale, _) => {
            normal.ungrouped(symmetric(values, scale, normal.grouped(v)))
        }
        Step::Running(_, factors) => normal.times(v, factors.as_slice().expect("a new array is stored in one piece")),
        _ => unreachable!("each layer left its own kind of step"),
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
