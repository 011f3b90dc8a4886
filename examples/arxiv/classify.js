// Shows a paper to the person at the page, and gives what that person says of it.
//
// The item: {"id", "title", "abstract"}. The result: "ID CHOICE".
module.exports.pando = { context: 'page' }

const CHOICES = ['mathematics', 'physics', 'biology', 'computing']

function append (parent, name, text) {
  const element = document.createElement(name)
  element.textContent = text // and never as markup: who knows what is in an item
  parent.append(element)
  return element
}

module.exports['/pando/1.0.0'] = function (item, cb) {
  const paper = JSON.parse(item)
  const stage = document.getElementById('visualization')

  function answer (...words) {
    // What stays would be there until the next paper comes, and could be clicked again.
    stage.replaceChildren()
    append(stage, 'p', 'Thank you. The next paper will be here when there is one.')
    cb(...words)
  }

  stage.replaceChildren()
  append(stage, 'h2', paper.title)
  append(stage, 'p', paper.abstract)
  for (const choice of CHOICES) offer(choice, null, paper.id + ' ' + choice)
  // `true` means: not here. Another volunteer gets the paper, and this one does not see it again.
  offer('somebody else should say', true)

  function offer (text, ...words) {
    const button = append(stage, 'button', text)
    button.style.padding = button.style.margin = '0.5em' // for thumbs
    button.addEventListener('click', () => answer(...words))
  }
}
