import '@vscode/codicons/dist/codicon.css'
import './styles/base.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { perform } from './commands.ts'
import { connect } from './messages.ts'

const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'))
root.id = 'root'
render(<App />, root)
connect(perform)
