import '@vscode/codicons/dist/codicon.css'
import './styles/base.css'
import './styles/widgets.css'
import './styles/shell.css'
import './styles/timeline.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { perform } from './commands.ts'
import { followWishes } from './inspect/index.ts'
import { connect } from './messages.ts'
import { watchTheme } from './theme.ts'

const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'))
root.id = 'root'
render(<App />, root)
watchTheme()
connect(perform)
followWishes()
