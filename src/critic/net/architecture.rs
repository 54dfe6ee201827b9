//! What a network is made of, before it has numbers.

use std::fmt;

use crate::critic::net::assembly::Assembly;
use crate::critic::net::block::Block;
use crate::critic::net::init::{Init, Matrix};
use crate::critic::net::layer::Layer;
use crate::critic::net::{Activation, Module, Scalar};
use crate::error::{Error, ErrorKind, Result};
use crate::numeric::stream;

/// The shape of a network: a multilayer perceptron ([`Architecture::mlp`]), or any layers ([`Architecture::of`]).
///
/// In a perceptron each hidden layer is a matrix, then layer normalisation where asked, then the activation; the last layer is a matrix alone. With
/// `residual`, a hidden layer as wide as the one before is added to it.
///
/// ```
/// use earthwork::critic::net::{Activation, Architecture};
///
/// let mlp = Architecture::mlp(2, &[64, 64], 1).with_activation(Activation::Silu);
/// assert_eq!(mlp.parameters(), (2 * 64 + 64) + (64 * 64 + 64) + (64 + 1));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Architecture {
    /// How many values come in.
    pub inputs: usize,
    /// The widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// How many values come out.
    pub outputs: usize,
    /// What stands behind each hidden layer; leaky ReLU with slope 0.2 by default.
    pub activation: Activation,
    /// Layer normalisation before each activation; off by default. Unlike batch normalisation it acts on each point by itself,
    /// so that the gradient at a point is that of the point (Gulrajani et al. 2017, §4).
    pub layer_norm: bool,
    /// Shortcuts around hidden layers; off by default.
    pub residual: bool,
    /// How the weights begin.
    pub init: Init,
    /// The layers, where it is not a multilayer perceptron; what is said above of hidden layers has no meaning then.
    pub modules: Option<Modules>,
}

/// Layers, and the images that they read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Modules {
    /// Height, width and channels of the images.
    pub shape: [usize; 3],
    /// How many inputs behind the image tell the class; 0 for none.
    pub classes: usize,
    /// The layers.
    pub layers: Vec<Module>,
}

/// The name that [`Init::named`] reads.
impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::He => "he",
            Self::Glorot => "glorot",
            Self::Uniform => "uniform",
            Self::Orthogonal => "orthogonal",
        })
    }
}

impl Architecture {
    /// A multilayer perceptron with leaky ReLUs.
    pub fn mlp(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        let activation = Activation::LeakyRelu { slope: 0.2 };
        Self {
            inputs,
            hidden: hidden.to_vec(),
            outputs,
            activation,
            layer_norm: false,
            residual: false,
            init: Init::He,
            modules: None,
        }
    }

    /// Layers that read images of height × width × channels, with a one-hot class of `classes` values behind (0 for none). Layers that do
    /// not fit are refused by [`Network::new`](crate::critic::net::Network::new); of such the number of outputs is 0.
    pub fn of(shape: [usize; 3], classes: usize, layers: &[Module]) -> Self {
        let outputs = Assembly::new(shape, classes, layers).map_or(0, |assembly| assembly.outputs);
        let modules = Modules { shape, classes, layers: layers.to_vec() };
        Self { modules: Some(modules), ..Self::mlp(shape.iter().product::<usize>() + classes, &[], outputs) }
    }

    /// Sets the activation function.
    #[must_use]
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Adds layer normalization to the hidden layers.
    #[must_use]
    pub fn with_layer_norm(self) -> Self {
        Self { layer_norm: true, ..self }
    }

    /// Adds residual connections around the hidden layers.
    #[must_use]
    pub fn with_residual(self) -> Self {
        Self { residual: true, ..self }
    }

    /// Sets how parameters are initialized.
    #[must_use]
    pub fn with_init(self, init: Init) -> Self {
        Self { init, ..self }
    }

    /// How many parameters it has.
    pub fn parameters(&self) -> usize {
        if let Some(assembly) = self.assembly() {
            return assembly.parameters;
        }
        self.blocks().iter().map(|block| block.end() - block.weights).sum()
    }

    /// Refuses what cannot be built.
    pub(crate) fn require(&self) -> Result<()> {
        self.check()
    }

    /// Refuses what cannot be built.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(modules) = &self.modules {
            return Assembly::new(modules.shape, modules.classes, &modules.layers).map(|_| ());
        }
        let wrong = |argument: &'static str, value: f64, requirement| {
            Err(Error::new(argument, ErrorKind::Parameter { value, requirement }))
        };
        for (argument, count) in [("inputs", self.inputs), ("outputs", self.outputs)] {
            if count == 0 {
                return wrong(argument, 0.0, "a network needs at least one");
            }
        }
        if self.hidden.contains(&0) {
            return wrong("hidden", 0.0, "a hidden layer has at least one value");
        }
        if let Activation::LeakyRelu { slope } = self.activation
            && !(0.0..=1.0).contains(&slope)
        {
            return wrong("slope", slope, "the slope of a leaky ReLU lies between 0 and 1");
        }
        let group = self.activation.group();
        if group == 1 {
            return wrong("size", 1.0, "a group that is sorted has at least two values");
        }
        if group > 1
            && let Some(&width) = self.hidden.iter().find(|&&width| width % group != 0)
        {
            return wrong("hidden", width as f64, "the width must be a multiple of the groups that are sorted");
        }
        Ok(())
    }

    /// The layers with their parameters, where it is not a multilayer perceptron.
    pub(super) fn assembly(&self) -> Option<Assembly> {
        let modules = self.modules.as_ref()?;
        Some(Assembly::new(modules.shape, modules.classes, &modules.layers).unwrap_or_default())
    }

    /// Whether the value at a point depends on other points of its batch.
    pub(crate) fn mixes_points(&self) -> bool {
        self.assembly().is_some_and(|assembly| assembly.statistics > 0)
    }

    /// Each matrix with what follows it, in order.
    pub(super) fn blocks(&self) -> Vec<Block> {
        if let Some(assembly) = self.assembly() {
            return assembly.blocks();
        }
        let mut at = 0;
        let mut inputs = self.inputs;
        let widths = self.hidden.iter().copied().map(|width| (width, true)).chain([(self.outputs, false)]);
        widths
            .map(|(outputs, hidden)| {
                let block = Block { weights: at, inputs, outputs, hidden, norm: hidden && self.layer_norm };
                at = block.end();
                inputs = outputs;
                block
            })
            .collect()
    }

    /// The layers, with the places of their parameters.
    pub(super) fn layers(&self) -> Vec<Layer> {
        if let Some(assembly) = self.assembly() {
            return assembly.layers;
        }
        let mut layers = Vec::new();
        for (k, block) in self.blocks().into_iter().enumerate() {
            let Block { weights, inputs, outputs, .. } = block;
            let mut inside = vec![Layer::Dense { weights, bias: block.bias(), inputs, outputs }];
            if block.norm {
                inside.push(Layer::Norm { gain: block.gain(), shift: block.gain() + outputs, width: outputs });
            }
            if block.hidden {
                inside.push(Layer::Activation(self.activation));
            }
            if self.residual && block.hidden && k > 0 && inputs == outputs {
                layers.push(Layer::Residual(inside));
            } else {
                layers.extend(inside);
            }
        }
        layers
    }

    /// The first parameters.
    pub(super) fn draw<T: Scalar>(&self, seed: u64) -> Vec<T> {
        if let Some(assembly) = self.assembly() {
            return assembly.draw(self.init, seed);
        }
        let mut parameters = vec![T::zero(); self.parameters()];
        for (k, block) in self.blocks().into_iter().enumerate() {
            let mut random = stream(seed, k as u64);
            let (inputs, outputs) = (block.inputs, block.outputs);
            let matrix =
                Matrix { rows: outputs, columns: inputs, fan_in: inputs as f64, fan_out: outputs as f64, damping: 1.0 };
            self.init.draw(&mut parameters[block.weights..block.bias()], matrix, &mut random);
            self.init.draw_biases(&mut parameters[block.bias()..block.bias() + outputs], inputs as f64, &mut random);
            if block.norm {
                parameters[block.gain()..block.gain() + outputs].fill(T::one());
            }
        }
        parameters
    }
}
