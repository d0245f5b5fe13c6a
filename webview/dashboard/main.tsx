import '@vscode/codicons/dist/codicon.css'
import 'uplot/dist/uPlot.min.css'
import '../app/styles/base.css'
import '../app/styles/widgets.css'
import './dashboard.css'
import { render } from 'preact'
import { watchTheme } from '../app/theme.ts'
import { Form } from './form.tsx'
import { connect } from './messages.ts'
import { Run } from './run.tsx'
import { page } from './state.ts'

function Dashboard() {
  return page.value === 'form' ? <Form /> : page.value === 'run' ? <Run /> : null
}

const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'))
root.id = 'root'
render(<Dashboard />, root)
watchTheme()
connect()
