import { defineConfig, defineFeature, defineModel, type FittedModel, type TrainingData } from '@c1/cli'

const SPAN = 20

/** How straight the way of the price was: 1 is a line, near 0 is back and forth (Kaufman's efficiency ratio). */
const efficiencyRatio20 = defineFeature({
  name: 'efficiencyRatio20',
  unit: 'ratio',
  description: 'Net move of the close over the sum of its moves in 20 candles, 0 to 1.',
  lookBack: SPAN + 1,
  inputs: ['close'],
  role: 'input',
  compute: ({ close }, at) => {
    let path = 0
    for (let back = 0; back < SPAN; back += 1) {
      path += Math.abs((close[at - back] as number) - (close[at - back - 1] as number))
    }
    return path === 0 ? 0 : Math.abs((close[at] as number) - (close[at - SPAN] as number)) / path
  },
})

interface Line {
  readonly input: number
  readonly slope: number
}

/** A line through the origin on the one input that goes with the label most closely. */
const oneInput = defineModel({
  name: 'one-input',
  baseline: false,
  fit: (data) => fitted(bestLine(data)),
  restore: (json) => fitted(json as Line),
})

function fitted(line: Line): FittedModel {
  return { predict: (values) => line.slope * (values[line.input] ?? Number.NaN), toJSON: () => line }
}

/** Inputs that miss a value in any row do not take part. */
function bestLine({ inputs, labels, names }: TrainingData): Line {
  let best = { input: 0, slope: 0, explained: 0 }
  for (const input of names.keys()) {
    let [squares, products] = [0, 0]
    for (const [row, label] of labels.entries()) {
      const value = inputs[row]?.[input] ?? Number.NaN
      squares += value * value
      products += value * label
    }
    const explained = (products * products) / squares
    if (explained > best.explained) best = { input, slope: products / squares, explained }
  }
  return { input: best.input, slope: best.slope }
}

export default defineConfig({
  symbols: ['BTC/USD'],
  trainEvery: '30m',
  featureGroup: { version: 2 },
  features: [efficiencyRatio20],
  models: [oneInput],
})
