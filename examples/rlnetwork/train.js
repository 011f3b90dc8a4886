// Trains a learner with the settings of an item, and draws how it gets on.
//
// The item: {"rate", "discount", "hidden", "seed", "games"}. The result: the same with "caught", the share of the last
// fifth of the games in which it caught the ball.
const { Learner, WIDTH, HEIGHT } = require('./learner.js')

// Wants a page. `pando --context=worker` says otherwise: then there is nothing to draw on, and the results are the
// same.
module.exports.pando = { context: 'page' }

const CELL = 20 // pixels
const AT_ONCE = 100 // games between two pictures

class Drawing {
  constructor (settings) {
    const title = document.createElement('p')
    title.textContent = `rate ${settings.rate}, discount ${settings.discount}, ${settings.hidden} hidden`
    const canvas = document.createElement('canvas')
    canvas.width = 320
    canvas.height = HEIGHT * CELL
    document.getElementById('visualization').replaceChildren(title, canvas)
    this.pen = canvas.getContext('2d')
    this.curve = []
    this.games = settings.games
  }

  // The share caught since the last point, behind the others: a curve from left to right.
  point (share) {
    this.curve.push(share)
    const left = WIDTH * CELL + 10
    const { width, height } = this.pen.canvas
    this.pen.clearRect(left, 0, width, height)
    this.pen.strokeRect(left, 0, width - left, height)
    this.pen.beginPath()
    this.curve.forEach((each, n) => {
      this.pen.lineTo(left + (n + 1) * AT_ONCE / this.games * (width - left), height * (1 - each))
    })
    this.pen.stroke()
  }

  // The last game: where the ball and the paddle were.
  game (ball, row, paddle) {
    if (row === 0) {
      this.pen.fillStyle = '#eee'
      this.pen.fillRect(0, 0, WIDTH * CELL, HEIGHT * CELL)
    }
    this.pen.fillStyle = '#c33'
    this.pen.fillRect(ball * CELL + 5, row * CELL + 5, CELL - 10, CELL - 10)
    if (row < HEIGHT - 1) return
    this.pen.fillStyle = '#333'
    this.pen.fillRect(paddle * CELL, HEIGHT * CELL - 4, CELL, 4)
  }
}

module.exports['/pando/1.0.0'] = async function (item, cb) {
  const settings = JSON.parse(item)
  const learner = new Learner(settings)
  const drawing = typeof document === 'undefined' ? null : new Drawing(settings)
  let [late, since] = [0, 0]
  for (let game = 1; game <= settings.games; game++) {
    const shown = drawing !== null && game % AT_ONCE === 0
    const caught = learner.play(shown ? (...places) => drawing.game(...places) : undefined)
    if (caught) since++
    if (caught && game > settings.games * 0.8) late++
    if (shown) {
      drawing.point(since / AT_ONCE)
      since = 0
      // A page shows nothing new before its script pauses.
      await new Promise((resolve) => setTimeout(resolve))
    }
  }
  cb(null, JSON.stringify({ ...settings, caught: late / (settings.games * 0.2) }))
}
