//! From layers as they are written to layers that compute: shapes, and the places of parameters.

use rand_distr::{Distribution, StandardNormal};

use crate::critic::net::block::Block;
use crate::critic::net::convolution::{Convolution, Embedding};
use crate::critic::net::init::{Init, Matrix};
use crate::critic::net::layer::Layer;
use crate::critic::net::normal::{Normal, Over};
use crate::critic::net::shape::Shape;
use crate::critic::net::windows::Windows;
use crate::critic::net::{Module, Scalar};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::stream;

/// The layers of a network, and what their parameters are.
#[derive(Debug, Clone, Default)]
pub(super) struct Assembly {
    pub(super) layers: Vec<Layer>,
    pub(super) tensors: Vec<Tensor>,
    /// How many parameters there are.
    pub(super) parameters: usize,
    /// Where running means and variances of so many channels are, and of which layer.
    pub(super) running: Vec<(String, usize, usize)>,
    /// How many statistics there are.
    pub(super) statistics: usize,
    /// How many values come out.
    pub(super) outputs: usize,
}

/// Parameters that belong together.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// The name of the tensor in a file: that in PyTorch, where the layers are a `Sequential`.
    pub(super) name: String,
    pub(super) at: usize,
    /// Its shape in a file.
    pub(super) shape: Vec<usize>,
    /// (a, b, c) where the a × b × c values are stored in a file as a × c × b.
    pub(super) turned: Option<(usize, usize, usize)>,
    role: Role,
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Matrix(Matrix),
    Bias { fan_in: f64 },
    Gain,
    Embedding,
    Shift,
}

impl Tensor {
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

fn refuse(why: String) -> Error {
    Error::new("layers", ErrorKind::Unsupported(why.into()))
}

impl Assembly {
    /// The layers for images of `shape` with so many classes behind.
    ///
    /// # Errors
    /// When a layer does not fit what comes into it.
    pub(super) fn new(shape: [usize; 3], classes: usize, modules: &[Module]) -> Result<Self> {
        let mut assembly = Self::default();
        if shape.contains(&0) {
            return Err(refuse("an image has at least one row, one column and one channel".into()));
        }
        let lost = classes > 0 && !matches!(modules.first(), Some(Module::Embedding { .. } | Module::Dense { .. }));
        if lost {
            let why = "a network that is told classes begins with `embedding:N` (or with `dense:N`), which reads them";
            return Err(refuse(why.into()));
        }
        let sums = 1.0_f64.max(count(modules) as f64).sqrt();
        let mut place = Place { shape, classes, sums };
        let layers = assembly.sequence(modules, &mut place, "", 1.0)?;
        assembly.layers = layers;
        assembly.outputs = place.shape.iter().product::<usize>() + place.classes;
        Ok(assembly)
    }

    /// The matrices, in order.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let matrix = |tensor: &Tensor| match tensor.role {
            Role::Matrix(Matrix { rows, columns, .. }) => {
                Some(Block { weights: tensor.at, inputs: columns, outputs: rows, hidden: false, norm: false })
            }
            _ => None,
        };
        self.tensors.iter().filter_map(matrix).collect()
    }

    /// The first parameters.
    pub(super) fn draw<T: Scalar>(&self, init: Init, seed: u64) -> Vec<T> {
        let mut parameters = vec![T::zero(); self.parameters];
        for (k, tensor) in self.tensors.iter().enumerate() {
            let mut random = stream(seed, k as u64);
            let values = &mut parameters[tensor.at..tensor.at + tensor.len()];
            match tensor.role {
                Role::Gain => values.fill(T::one()),
                Role::Shift => {}
                Role::Embedding => values.iter_mut().for_each(|v| *v = T::of(StandardNormal.sample(&mut random))),
                Role::Bias { fan_in } => init.draw_biases(values, fan_in, &mut random),
                Role::Matrix(matrix) => init.draw(values, matrix, &mut random),
            }
        }
        parameters
    }

    fn sequence(&mut self, modules: &[Module], place: &mut Place, prefix: &str, damping: f64) -> Result<Vec<Layer>> {
        let last =
            modules.iter().rposition(|module| matches!(module, Module::Dense { .. } | Module::Convolution { .. }));
        let mut layers = Vec::new();
        for (k, module) in modules.iter().enumerate() {
            let damping = if last == Some(k) { damping } else { 1.0 };
            self.module(module, place, &format!("{prefix}{k}."), damping, &mut layers).map_err(|error| match place
                .shape
            {
                _ if error.to_string().contains("what comes in is") => error,
                [h, w, c] => refuse(format!("`{module}`: {} (what comes in is {h} × {w} × {c})", why(&error))),
            })?;
        }
        Ok(layers)
    }

    fn tensor(&mut self, name: String, shape: &[usize], role: Role) -> usize {
        let tensor = Tensor { name, at: self.parameters, shape: shape.to_vec(), turned: None, role };
        self.parameters += tensor.len();
        let at = tensor.at;
        self.tensors.push(tensor);
        at
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of layer")]
    fn module(
        &mut self,
        module: &Module,
        place: &mut Place,
        name: &str,
        damping: f64,
        layers: &mut Vec<Layer>,
    ) -> Result<()> {
        let [height, width, channels] = place.shape;
        let pixels = height * width;
        if place.classes > 0 && !matches!(module, Module::Dense { .. } | Module::Embedding { .. }) {
            return Err(refuse("the classes must be read first".into()));
        }
        match module {
            Module::Dense { outputs } => {
                positive(*outputs, "outputs")?;
                if pixels > 1 && channels > 1 {
                    if place.classes > 0 {
                        return Err(refuse("of images with channels, `embedding:N` reads the classes".into()));
                    }
                    layers.push(Layer::Shape(Shape::Transpose { rows: pixels, columns: channels }));
                }
                let inputs = pixels * channels + place.classes;
                let (fan_in, fan_out) = (inputs as f64, *outputs as f64);
                let role = Role::Matrix(Matrix { rows: *outputs, columns: inputs, fan_in, fan_out, damping });
                let weights = self.tensor(format!("{name}weight"), &[*outputs, inputs], role);
                let bias = self.tensor(format!("{name}bias"), &[*outputs], Role::Bias { fan_in });
                layers.push(Layer::Dense { weights, bias, inputs, outputs: *outputs });
                (place.shape, place.classes) = ([1, 1, *outputs], 0);
            }
            Module::Convolution { .. } => layers.push(self.convolution(module, place, name, damping)?),
            Module::Activation(activation) => {
                let group = activation.group();
                if group > 1 && !channels.is_multiple_of(group) {
                    return Err(refuse(format!(
                        "{channels} channels are not a multiple of the groups that are sorted"
                    )));
                }
                layers.push(Layer::Activation(*activation));
            }
            Module::LayerNorm | Module::InstanceNorm | Module::BatchNorm => {
                let over = match module {
                    Module::LayerNorm => Over::Point,
                    Module::InstanceNorm => Over::Instance,
                    _ => Over::Batch,
                };
                if over == Over::Instance && pixels == 1 {
                    return Err(refuse("a channel of a single value has no variance".into()));
                }
                let gain = self.tensor(format!("{name}weight"), &[channels], Role::Gain);
                let shift = self.tensor(format!("{name}bias"), &[channels], Role::Shift);
                let running = self.statistics;
                if over == Over::Batch {
                    self.running.push((name.to_string(), running, channels));
                    self.statistics += 2 * channels;
                }
                layers.push(Layer::Normal(Normal { over, pixels, channels, gain, shift, running }));
            }
            Module::Softmax { temperature } => {
                if !(*temperature > 0.0 && temperature.is_finite()) {
                    return Err(refuse("a temperature must be positive".into()));
                }
                layers.push(Layer::Softmax { width: channels, temperature: *temperature });
            }
            Module::Reshape { shape } => {
                let (found, expected) = (shape.iter().product::<usize>(), pixels * channels);
                if found != expected {
                    return Err(refuse(format!("an image of {found} values cannot hold the {expected} that come in")));
                }
                if pixels > 1 && channels > 1 {
                    layers.push(Layer::Shape(Shape::Transpose { rows: pixels, columns: channels }));
                }
                let [h, w, c] = *shape;
                if h * w > 1 && c > 1 {
                    layers.push(Layer::Shape(Shape::Transpose { rows: c, columns: h * w }));
                }
                place.shape = *shape;
            }
            Module::Embedding { channels: added } => {
                positive(*added, "channels")?;
                if place.classes == 0 {
                    return Err(refuse("this network is told no classes; it is for conditional training".into()));
                }
                let shape = [place.classes, pixels * added];
                let weights = self.tensor(format!("{name}weight"), &shape, Role::Embedding);
                let classes = place.classes;
                layers.push(Layer::Embedding(Embedding { pixels, channels, added: *added, classes, weights }));
                (place.shape, place.classes) = ([height, width, channels + added], 0);
            }
            Module::AveragePool { side } | Module::Upsample { side } => {
                positive(*side, "side")?;
                let sides = [if height == 1 { 1 } else { *side }, *side];
                if matches!(module, Module::Upsample { .. }) {
                    layers.push(Layer::Shape(Shape::Upsample { image: place.shape, sides }));
                    place.shape = [height * sides[0], width * sides[1], channels];
                } else {
                    if sides[0] > height || sides[1] > width {
                        return Err(refuse("the image is smaller than one square".into()));
                    }
                    layers.push(Layer::Shape(Shape::Pool { image: place.shape, sides }));
                    place.shape = [height / sides[0], width / sides[1], channels];
                }
            }
            Module::Residual { branch, shortcut } => {
                let (mut one, mut other) = (*place, *place);
                let inside = self.sequence(branch, &mut one, &format!("{name}branch."), place.sums)?;
                let around = self.sequence(shortcut, &mut other, &format!("{name}shortcut."), 1.0)?;
                if one.shape != other.shape {
                    let ([a, b, c], [d, e, f]) = (one.shape, other.shape);
                    let why = format!("its branches end in {a} × {b} × {c} and {d} × {e} × {f}, which cannot be added");
                    return Err(refuse(why));
                }
                layers.push(if shortcut.is_empty() { Layer::Residual(inside) } else { Layer::Sum(inside, around) });
                *place = one;
            }
        }
        Ok(())
    }

    fn convolution(&mut self, module: &Module, place: &mut Place, name: &str, damping: f64) -> Result<Layer> {
        let Module::Convolution { transposed, axes, channels, kernel, stride, padding } = module else {
            unreachable!("it is asked for convolutions alone")
        };
        positive(*channels, "channels")?;
        let [height, width, inputs] = place.shape;
        if *axes == 1 && height > 1 {
            return Err(refuse("a convolution along one axis is for images of height 1; take conv2d".into()));
        }
        let along = |value: usize, other: usize| [if *axes == 1 { other } else { value }, value];
        let (sides, steps, margins) = (along(*kernel, 1), along(*stride, 1), along(*padding, 0));
        let misfit = || {
            let why = format!(
                "a kernel of {kernel} with stride {stride} and padding {padding} does not fit; strides are at least 1, and padding is \
                 smaller than the kernel"
            );
            refuse(why)
        };
        let image = if *transposed {
            let grown = |size: usize, k: usize| {
                let whole = (size - 1) * steps[k] + sides[k];
                whole.checked_sub(2 * margins[k]).filter(|&size| size > 0).ok_or_else(misfit)
            };
            [grown(height, 0)?, grown(width, 1)?, *channels]
        } else {
            place.shape
        };
        let windows = Windows::new(image, sides, steps, margins).ok_or_else(misfit)?;
        let area = sides[0] * sides[1];
        let (other, outer) = if *transposed { (inputs, *channels) } else { (*channels, inputs) };
        // How many products make one value.
        let fan_in =
            if *transposed { (area * inputs) as f64 / (steps[0] * steps[1]) as f64 } else { (area * inputs) as f64 };
        let fan_out = (area * channels) as f64;
        let role = Role::Matrix(Matrix { rows: other, columns: area * outer, fan_in, fan_out, damping });
        let mut shape = vec![other, outer];
        shape.extend(&sides[2 - axes..]);
        let weights = self.tensor(format!("{name}weight"), &shape, role);
        if let Some(tensor) = self.tensors.last_mut() {
            tensor.turned = Some((other, area, outer));
        }
        let bias = self.tensor(format!("{name}bias"), &[*channels], Role::Bias { fan_in });
        place.shape = if *transposed { image } else { [windows.count[0], windows.count[1], *channels] };
        Ok(Layer::Convolution(Convolution { windows, transposed: *transposed, channels: other, weights, bias }))
    }
}

/// What comes into a layer.
#[derive(Debug, Clone, Copy)]
struct Place {
    shape: [usize; 3],
    classes: usize,
    /// √ of the number of residual blocks.
    sums: f64,
}

fn positive(count: usize, what: &str) -> Result<()> {
    if count == 0 { Err(refuse(format!("it needs at least 1 of its {what}"))) } else { Ok(()) }
}

fn count(modules: &[Module]) -> usize {
    let each = |module: &Module| match module {
        Module::Residual { branch, shortcut } => 1 + count(branch) + count(shortcut),
        _ => 0,
    };
    modules.iter().map(each).sum()
}

fn why(error: &Error) -> String {
    let text = error.to_string();
    text.strip_prefix("layers: ").map_or(text.clone(), ToString::to_string)
}
