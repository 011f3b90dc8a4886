// A small neural network that learns to catch a ball: Q-learning, where the network says for each move how much it
// expects to win, and is corrected by what then happens.
//
// Nothing but + - * / on numbers, and random numbers from a seed: so a learner ends the same on every device, and two
// settings differ by their settings and not by luck.

const WIDTH = 5
const HEIGHT = 6
const MOVES = [-1, 0, 1]
const EXPLORE = 0.1 // how often it tries a move at random

// xorshift, with 32 bits of state; numbers from 0 to 1.
function randomFrom (seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return function () {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

// The inputs, one hidden layer with the softsign function x / (1 + |x|), and an output for each move.
class Network {
  constructor (inputs, hidden, outputs, random) {
    const weights = (count) => Array.from({ length: count }, () => random() - 0.5)
    this.first = Array.from({ length: hidden }, () => weights(inputs))
    this.second = Array.from({ length: outputs }, () => weights(hidden))
  }

  expect (input) {
    this.input = input
    this.sums = this.first.map((row) => row.reduce((sum, weight, i) => sum + weight * input[i], 0))
    this.hidden = this.sums.map((sum) => sum / (1 + Math.abs(sum)))
    return this.second.map((row) => row.reduce((sum, weight, i) => sum + weight * this.hidden[i], 0))
  }

  // Moves the weights so that the output for the last input is less wrong by the next time.
  correct (output, error, rate) {
    const row = this.second[output]
    for (let h = 0; h < row.length; h++) {
      const slope = row[h] / ((1 + Math.abs(this.sums[h])) * (1 + Math.abs(this.sums[h])))
      row[h] += rate * error * this.hidden[h]
      for (let i = 0; i < this.input.length; i++) this.first[h][i] += rate * error * slope * this.input[i]
    }
  }
}

class Learner {
  constructor ({ rate, discount, hidden, seed }) {
    this.rate = rate
    this.discount = discount
    this.random = randomFrom(seed)
    this.network = new Network(2 * WIDTH + HEIGHT, hidden, MOVES.length, this.random)
  }

  // Plays once, and learns from it; whether the ball was caught. `show` is told of each place, for a drawing.
  play (show = () => {}) {
    const column = () => Math.floor(this.random() * WIDTH)
    let [ball, paddle] = [column(), column()]
    let input = see(ball, 0, paddle)
    for (let row = 0; ; row++) {
      show(ball, row, paddle)
      const expected = this.network.expect(input)
      const best = expected.indexOf(Math.max(...expected))
      const move = this.random() < EXPLORE ? Math.floor(this.random() * MOVES.length) : best
      paddle = Math.min(WIDTH - 1, Math.max(0, paddle + MOVES[move]))
      const over = row === HEIGHT - 2
      const next = see(ball, row + 1, paddle)
      // What the move was worth: the win at the end, or else what is expected from there on.
      const worth = over ? (ball === paddle ? 1 : -1) : this.discount * Math.max(...this.network.expect(next))
      this.network.expect(input) // the network corrects what it expected last
      // Bounded, so that a rate which is too large learns badly instead of counting to infinity.
      const error = Math.min(1, Math.max(-1, worth - expected[move]))
      this.network.correct(move, error, this.rate)
      if (over) {
        show(ball, row + 1, paddle)
        return ball === paddle
      }
      input = next
    }
  }
}

// What the network sees: a one in the place of the ball's column, of the paddle's, and of the ball's row.
function see (ball, row, paddle) {
  const input = new Array(2 * WIDTH + HEIGHT).fill(0)
  input[ball] = 1
  input[WIDTH + paddle] = 1
  input[2 * WIDTH + row] = 1
  return input
}

module.exports = { Learner, WIDTH, HEIGHT }
